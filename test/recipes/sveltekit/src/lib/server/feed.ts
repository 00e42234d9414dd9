// The feed: one channel for the whole process.

import { SseChannel } from 'eventwire'

export interface Feed {
  note: { text: string }
}

export const TOPICS = ['sport', 'weather']

export const channel = new SseChannel<Feed>()
