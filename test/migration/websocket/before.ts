import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'

export const server = createServer()
export const sockets = new WebSocketServer({ server, path: '/prices' })

sockets.on('connection', (socket) => {
  socket.on('error', () => socket.terminate())
})

export function price(symbol: string, cents: number) {
  const message = JSON.stringify({ type: 'price', symbol, cents })
  for (const socket of sockets.clients) {
    if (socket.readyState === socket.OPEN) socket.send(message)
  }
}
