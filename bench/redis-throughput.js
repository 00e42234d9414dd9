// How many events go through Redis from one node to a client of another in a second, and who is busy meanwhile.

import { throughput } from './redis.js'

export async function* tables() {
  yield {
    key: 'throughput',
    title: 'up to 500 under way, from one node to a client of another',
    rows: await throughput(),
    ratios: [],
  }
}
