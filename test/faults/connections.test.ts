// What befalls connections: the stream ends with its reason, nothing of it is left, and the others are served.

import { once } from 'node:events'
import type { Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { HEAD, Scene } from './scene.js'

let scene: Scene
afterEach(() => scene.close())

/** How a client meets its end, at which moment. */
const MOMENTS: Record<string, (socket: Socket, raw: Socket) => Promise<void>> = {
  'in the head of its request': async (socket, raw) => {
    socket.write(HEAD.slice(0, 20))
    await new Promise((resolve) => setTimeout(resolve, 5))
    raw.resetAndDestroy()
  },
  'before it has read the head of the response': async (socket, raw) => {
    socket.pause()
    socket.write(HEAD)
    await scene.has(1)
    raw.resetAndDestroy()
  },
  'with the last byte of its request': async (socket, raw) => {
    await new Promise((resolve) => socket.write(HEAD, resolve))
    raw.resetAndDestroy()
  },
  'in the head of the response': async (socket, raw) => {
    socket.write(HEAD)
    await once(socket, 'readable')
    socket.read(10)
    raw.resetAndDestroy()
  },
  'between two events': async (socket, raw) => {
    socket.write(HEAD)
    await scene.has(1)
    socket.resume()
    await scene.publish('one')
    await once(socket, 'data')
    raw.resetAndDestroy()
    await scene.publish('two')
  },
  'in a frame that it has begun to read': async (socket, raw) => {
    socket.write(HEAD)
    await scene.has(1)
    await once(socket, 'readable')
    await scene.fill()
    socket.read(1_000)
    raw.resetAndDestroy()
    await scene.publish('after it')
  },
  'in a frame, and in the same tick in which more is published': async (socket, raw) => {
    socket.pause()
    socket.write(HEAD)
    await scene.has(1)
    const publishing = scene.fill()
    raw.resetAndDestroy()
    await publishing
  },
}

/** Closed at the client's leave, or at more than its bound while nothing was known of it; or never opened. */
const ENDINGS = ['client', 'overflow']

describe.each(['HTTP', 'TLS'])('a connection that is reset, over %s', (over) => {
  test.each(Object.entries(MOMENTS))('%s', async (_moment, provoke) => {
    const isSecure = over === 'TLS'
    scene = await Scene.open({ isSecure })
    if (isSecure) {
      const { raw, secure } = await scene.dialSecurely()
      await provoke(secure, raw)
    } else {
      const socket = scene.dial()
      await once(socket, 'connect')
      await provoke(socket, socket)
    }
    await scene.expectCalm()
    for (const reason of scene.reasons) expect(ENDINGS).toContain(reason)
  })
})

describe('a TLS connection', () => {
  test.each([
    ['nothing', Buffer.alloc(0)],
    ['the beginning of a handshake', Buffer.from('1603010200010001fc0303', 'hex')],
    ['what is no TLS', Buffer.from(HEAD)],
  ])('that is reset after %s leaves nothing behind', async (_what, bytes) => {
    scene = await Scene.open({ isSecure: true })
    const socket = scene.dial()
    await once(socket, 'connect')
    socket.write(bytes)
    await new Promise((resolve) => setTimeout(resolve, 5))
    socket.resetAndDestroy()
    await scene.expectCalm()
    expect(scene.reasons).toEqual([])
  })

  test('that is reset in the middle of a record ends its stream', async () => {
    scene = await Scene.open({ isSecure: true })
    const { raw, secure } = await scene.dialSecurely()
    secure.write(HEAD)
    await scene.has(1)
    // What was not encrypted and comes in between is a broken record.
    raw.write(Buffer.from('1703030040', 'hex'))
    raw.resetAndDestroy()
    await scene.publish('after it')
    await scene.expectCalm()
    expect(scene.reasons).toEqual(['client'])
  })
})

describe('a half-open client', () => {
  test('that has ended its side, and reads on, is one that left', async () => {
    scene = await Scene.open()
    const socket = scene.dial()
    socket.write(HEAD)
    await scene.has(1)
    socket.resume()
    socket.end()
    await scene.expectCalm()
    expect(scene.reasons).toEqual(['client'])
  })

  test('that takes nothing and says nothing is cut after stallTimeoutMs', async () => {
    scene = await Scene.open({ stream: { stallTimeoutMs: 100, maxBufferedBytes: 100_000_000 } })
    const socket = scene.dial().pause()
    socket.write(HEAD)
    await scene.has(1)
    await scene.fill()
    await scene.expectCalm()
    expect(scene.reasons).toEqual(['stalled'])
    socket.destroy()
  })

  test('that takes nothing and is sent more is cut at its bound', async () => {
    scene = await Scene.open()
    const socket = scene.dial().pause()
    socket.write(HEAD)
    await scene.has(1)
    await scene.fill()
    await scene.expectCalm()
    expect(scene.reasons).toEqual(['overflow'])
    socket.destroy()
  })
})

describe('clients that read a byte at a time', () => {
  test('are cut at their bound, and the others are not kept waiting', async () => {
    scene = await Scene.open()
    const timers: NodeJS.Timeout[] = []
    const sockets = Array.from({ length: 10 }, () => {
      const socket = scene.dial()
      socket.on('readable', () => {}).write(HEAD)
      timers.push(setInterval(() => socket.read(1), 10))
      return socket
    })
    await scene.has(10)
    await scene.fill()
    for (const timer of timers) clearInterval(timer)
    await scene.expectCalm()
    expect(scene.reasons).toEqual(Array(10).fill('overflow'))
    for (const socket of sockets) socket.destroy()
  })
})
