// The application, on Express.

import { Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { FeedController } from './feed.controller.js'
import { FeedService } from './feed.service.js'
import { StreamShutdown } from './stream-shutdown.js'

@Module({ controllers: [FeedController], providers: [FeedService, StreamShutdown] })
class FeedModule {}

export async function createApp() {
  const app = await NestFactory.create(FeedModule)
  app.enableShutdownHooks()
  return app
}
