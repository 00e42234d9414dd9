import express, { type Response } from 'express'

export const app = express()
const clients = new Set<Response>()
let lastId = 0

app.get('/feed', (req, res) => {
  res.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache',
    connection: 'keep-alive',
  })
  res.write('retry: 2000\n\n')
  const heartbeat = setInterval(() => res.write(':\n\n'), 15_000)
  clients.add(res)
  req.on('close', () => {
    clearInterval(heartbeat)
    clients.delete(res)
  })
})

export function publish(event: string, data: string) {
  lastId++
  for (const res of clients) res.write(`id: ${lastId}\nevent: ${event}\ndata: ${data}\n\n`)
}
