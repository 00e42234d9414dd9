// The routes of the feed, on Express.

import { Body, Controller, Get, NotFoundException, Param, Post, Req, Res } from '@nestjs/common'
import { openStream } from 'eventwire/express'
import type { Request, Response } from 'express'
import { type Feed, FeedService } from './feed.service.js'

@Controller('feed')
export class FeedController {
  constructor(private readonly feed: FeedService) {}

  @Get(':topic')
  async listen(@Param('topic') topic: string, @Req() req: Request, @Res() res: Response) {
    if (!this.feed.topics.includes(topic)) throw new NotFoundException('No such topic')
    const stream = openStream<Feed>(req, res)
    await this.feed.channel.subscribe(stream, { topics: [topic] })
  }

  @Post(':topic')
  async post(@Param('topic') topic: string, @Body() note: Feed['note']) {
    return { id: await this.feed.post(topic, note.text) }
  }
}
