// The application, on Fastify.

import { Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import eventwire from 'eventwire/fastify'
import { FastifyFeedController } from './fastify-feed.controller.js'
import { FeedService } from './feed.service.js'

@Module({ controllers: [FastifyFeedController], providers: [FeedService] })
class FastifyFeedModule {}

export async function createApp() {
  const app = await NestFactory.create<NestFastifyApplication>(
    FastifyFeedModule,
    new FastifyAdapter(),
  )
  // It ends the streams when the application closes, and adds `reply.sse()`.
  await app.register(eventwire, { shutdown: { withinMs: 2_000 } })
  app.enableShutdownHooks()
  return app
}
