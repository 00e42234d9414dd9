// The routes of the feed, on Fastify.

import { Body, Controller, Get, NotFoundException, Param, Post, Req, Res } from '@nestjs/common'
import { openStream } from 'eventwire/fastify'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Feed, FeedService } from './feed.service.js'

@Controller('feed')
export class FastifyFeedController {
  constructor(private readonly feed: FeedService) {}

  @Get(':topic')
  async listen(
    @Param('topic') topic: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    if (!this.feed.topics.includes(topic)) throw new NotFoundException('No such topic')
    const stream = openStream<Feed>(request, reply)
    await this.feed.channel.subscribe(stream, { topics: [topic] })
  }

  @Post(':topic')
  async post(@Param('topic') topic: string, @Body() note: Feed['note']) {
    return { id: await this.feed.post(topic, note.text) }
  }
}
