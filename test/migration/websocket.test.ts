// What docs/migration/websocket.md says of a feed over a WebSocket, and of the same by eventwire.

import { once } from 'node:events'
import { closeAllStreams } from 'eventwire'
import { connect } from 'eventwire/client'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { serve } from './served.js'
import * as after from './websocket/after.js'
import * as before from './websocket/before.js'

test('a socket that was cut stays closed, and what was sent meanwhile is gone', async () => {
  const url = (await serve(before.server)).replace('http', 'ws')
  const socket = new WebSocket(`${url}/prices`)
  await once(socket, 'open')
  before.price('ACME', 1)
  const [message] = await once(socket, 'message')
  expect(JSON.parse(String(message))).toEqual({ type: 'price', symbol: 'ACME', cents: 1 })

  for (const client of before.sockets.clients) client.terminate()
  await once(socket, 'close')
  before.price('ACME', 2)
  const another = new WebSocket(`${url}/prices`)
  await once(another, 'open')
  before.price('ACME', 3)
  const [first] = await once(another, 'message')
  another.terminate()
  expect(JSON.parse(String(first)).cents).toBe(3)
  expect(socket.readyState).toBe(WebSocket.CLOSED)
})

test('a stream that was cut comes back, with what was published meanwhile', async () => {
  const url = await serve(after.server)
  const seen: number[] = []
  const heard: string[] = []
  const connection = connect(url, {
    reconnect: { baseMs: 10 },
    onActivity: ({ type }) => {
      if (type !== 'open' && type !== 'retry') return
      if (heard.length === 0) void after.price('ACME', 1)
      if (type === 'retry') void after.price('ACME', 2)
      heard.push(type)
    },
  })
  for await (const { data } of connection) {
    seen.push(JSON.parse(data).cents)
    if (seen.length === 2) break
    void closeAllStreams({ withinMs: 0, retryMs: 10 })
  }
  expect(seen).toEqual([1, 2])
  expect(heard).toContain('retry')
  expect(heard.filter((type) => type === 'open')).toHaveLength(2)
})
