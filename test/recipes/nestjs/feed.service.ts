// The feed: one channel for all who listen.

import { Injectable } from '@nestjs/common'
import { SseChannel } from 'eventwire'

export interface Feed {
  note: { text: string }
}

@Injectable()
export class FeedService {
  readonly topics: readonly string[] = ['sport', 'weather']
  readonly channel = new SseChannel<Feed>()

  post(topic: string, text: string): Promise<string> {
    return this.channel.publish({ event: 'note', data: { text } }, { topic })
  }
}
