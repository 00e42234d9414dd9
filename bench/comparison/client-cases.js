// What every client of the comparison is put through, against a server that writes the bytes itself.
// @ts-check

import { createServer } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { listening } from './listening.js'
import { until } from './visitor.js'

/**
 * @typedef {object} Following
 * @property {Promise<unknown>} done
 * @property {() => void} stop
 *
 * @typedef {object} Peer
 * @property {string} name
 * @property {(url: string, onEvent: (event: { event: string, data: string }) => void) => Following} follow
 *
 * @typedef {import('node:http').IncomingMessage} Asked
 * @typedef {import('node:http').ServerResponse} Answer
 * @typedef {{ title: string, run: (peer: Peer) => Promise<import('./server-cases.js').Verdict> }} Case
 */

const EVENTS = { 'content-type': 'text/event-stream' }

/** Writes, and cuts the connection: what every client comes back from. @param {Answer} res @param {string} text */
function writeAndCut(res, text) {
  res.writeHead(200, EVENTS).write(text)
  setTimeout(() => res.destroy(), 100)
}

/**
 * Follows a server with a peer's client.
 * @param {Peer} peer
 * @param {(count: number, res: Answer, req: Asked) => void} answer
 */
async function following(peer, answer) {
  /** @type {Asked[]} */
  const asked = []
  const url = await listening(
    createServer((req, res) => {
      asked.push(req)
      answer(asked.length, res, req)
    }),
  )
  /** @type {{ event: string, data: string }[]} */
  const events = []
  const { done, stop } = peer.follow(url, (event) => events.push(event))
  /** @type {{ how: string }} */
  const state = { how: 'goes on' }
  done.then(
    () => {
      state.how = 'ended'
    },
    (error) => {
      state.how = `failed: ${error?.message ?? error}`
    },
  )
  return { asked, events, state, stop }
}

/** @type {Record<string, Case>} */
export const clientCases = {
  'retry overflow': {
    title: '`retry: 99999999999` does not make it ask without a pause',
    async run(peer) {
      const { asked } = await following(peer, (_count, res) =>
        writeAndCut(res, 'retry: 99999999999\n\ndata: x\n\n'),
      )
      await wait(1_000)
      return { pass: asked.length <= 2, saw: `${asked.length} requests in a second` }
    },
  },
  'non-Latin id': {
    title: 'it comes back with an id that is not Latin, as UTF-8',
    async run(peer) {
      const { asked } = await following(peer, (count, res) => {
        if (count === 1) writeAndCut(res, 'retry: 10\nid: ключ\ndata: x\n\n')
        else res.writeHead(200, EVENTS).flushHeaders()
      })
      await until(() => asked.length > 1)
      const header = String(asked[1]?.headers['last-event-id'] ?? '')
      const id = Buffer.from(header, 'latin1').toString()
      const saw = asked.length > 1 ? `came back with ${JSON.stringify(id)}` : 'never came back'
      return { pass: id === 'ключ', saw }
    },
  },
  'id alone': {
    title: 'a block that has only an id moves the point to resume from',
    async run(peer) {
      const { asked } = await following(peer, (count, res) => {
        if (count === 1) writeAndCut(res, 'retry: 10\nid: 1\ndata: x\n\nid: 2\n\n')
        else res.writeHead(200, EVENTS).flushHeaders()
      })
      await until(() => asked.length > 1)
      const id = asked[1]?.headers['last-event-id']
      return { pass: id === '2', saw: `came back with ${JSON.stringify(id)}` }
    },
  },
  'no content': {
    title: '204 ends the reconnecting',
    async run(peer) {
      const { asked } = await following(peer, (count, res) => {
        if (count === 1) writeAndCut(res, 'retry: 10\n\ndata: x\n\n')
        else res.writeHead(204).end()
      })
      await until(() => asked.length > 1)
      await wait(1_500)
      return { pass: asked.length === 2, saw: `${asked.length - 1} requests answered with 204` }
    },
  },
  'error page': {
    title: 'the body of a 500 is not read as events',
    async run(peer) {
      const { asked, events } = await following(peer, (_count, res) =>
        res.writeHead(500, EVENTS).end('data: of the error page\n\n'),
      )
      await until(() => asked.length > 0)
      await wait(500)
      return { pass: events.length === 0, saw: `${events.length} events` }
    },
  },
  'stop while waiting': {
    title: 'stopped while it waits to come back, it does not ask again',
    async run(peer) {
      const { asked, stop } = await following(peer, (_count, res) =>
        writeAndCut(res, 'retry: 300\n\ndata: x\n\n'),
      )
      await until(() => asked.length === 1)
      await wait(250)
      stop()
      await wait(1_500)
      return { pass: asked.length === 1, saw: `${asked.length - 1} requests after it` }
    },
  },
}
