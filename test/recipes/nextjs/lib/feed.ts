// The feed: one channel for the whole process.

import { SseChannel } from 'eventwire'

export interface Feed {
  note: { text: string }
}

export const TOPICS = ['sport', 'weather']

// Next.js loads a module once for each bundle that it makes of it, and in development anew at each change.
const shared = globalThis as { feed?: SseChannel<Feed> }
shared.feed ??= new SseChannel<Feed>()

export const channel = shared.feed
