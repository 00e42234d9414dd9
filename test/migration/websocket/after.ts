import { createServer } from 'node:http'
import { SseChannel } from 'eventwire'
import { openStream } from 'eventwire/node'

interface Prices {
  price: { symbol: string; cents: number }
}

const channel = new SseChannel<Prices>()

export const server = createServer(async (req, res) => {
  await channel.subscribe(openStream<Prices>(req, res))
})

export const price = (symbol: string, cents: number) =>
  channel.publish({ event: 'price', data: { symbol, cents } }, { conflate: symbol })
