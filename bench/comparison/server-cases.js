// What every server of the comparison is put through. Each case gives a verdict, and what it saw.
// @ts-check

import { Readable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { stall, until, visit, visitByHttp2 } from './visitor.js'

/**
 * @typedef {{ pass: boolean | undefined, saw: string }} Verdict - `undefined`: the library has nothing of the kind
 * @typedef {import('./listening.js').Client} Client
 *
 * @typedef {object} Peer
 * @property {string} name
 * @property {(serving: import('./listening.js').Serving) => Promise<import('./listening.js').Served>} serve
 * @property {(text: string) => string} [decode] - how its clients read a string
 * @property {(size: number) => Promise<{ url: string, publish(data: string): Promise<string> }>} [serveHistory]
 *
 * @typedef {{ title: string, run: (peer: Peer) => Promise<Verdict> }} Case
 */

const PIECE = 65_536
const MIB = 1_048_576
/** What a client that does not read may leave in the process: a library's own bound, and some room. */
const ALLOWED_MIB = 8

/** @type {Verdict} */
const NOTHING = { pass: undefined, saw: 'has nothing of the kind' }

/** Serves one client. @param {Peer} peer @param {Partial<import('./listening.js').Serving>} [serving] */
async function serving(peer, serving = {}) {
  /** @type {(client: Client) => void} */
  let onClient = () => {}
  /** @type {Promise<Client>} */
  const opened = new Promise((resolve) => {
    onClient = resolve
  })
  return { opened, served: await peer.serve({ onClient, ...serving }) }
}

function heldMiB() {
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return (heapUsed + external) / MIB
}

/** What arrives of one event. @param {Peer} peer @param {import('./listening.js').Sent} event */
async function arrivalOf(peer, event) {
  const { opened, served } = await serving(peer)
  const visitor = visit(served.url)
  const client = await opened
  /** @type {string | undefined} */
  let refusal
  try {
    await client.send(event)
  } catch (error) {
    refusal = String(error)
  }
  await client.send({ data: 'the last' })
  await until(() => visitor.text().includes('the last'))
  const events = visitor.events().filter(({ data }) => !data.includes('the last'))
  return { events, refusal }
}

/** @param {string} field */
const injection = (field) => ({
  title: `a line break in \`${field}\` adds no event`,
  /** @param {Peer} peer @returns {Promise<Verdict>} */
  async run(peer) {
    const { events, refusal } = await arrivalOf(peer, {
      [field]: 'x\n\nevent: forged\ndata: "forged"\n\n',
      data: 'sent',
    })
    const forged = events.some(({ event }) => event === 'forged')
    const refused = refusal ? `refused: ${refusal}` : 'taken out, or sent harmlessly'
    return { pass: !forged, saw: forged ? 'the client got the event `forged`' : refused }
  },
})

/** @param {string} text */
const fidelity = (text) => ({
  title: `the text \`${JSON.stringify(text)}\` arrives as it is`,
  /** @param {Peer} peer @returns {Promise<Verdict>} */
  async run(peer) {
    const { events, refusal } = await arrivalOf(peer, { data: text })
    const decode = peer.decode ?? String
    const got = events.map(({ data }) => decode(data))
    // The format has one kind of line break.
    const expected = peer.decode ? text : text.replaceAll('\r', '\n')
    return {
      pass: got.length === 1 && got[0] === expected,
      saw: refusal ?? `${JSON.stringify(got)}${peer.decode ? ', sent as JSON' : ''}`,
    }
  },
})

/** A server on which events get a history. @param {Peer} peer @param {number} size */
async function history(peer, size) {
  const { url, publish } = await /** @type {NonNullable<Peer['serveHistory']>} */ (
    peer.serveHistory
  )(size)
  // With nobody there, a log may have nothing to keep.
  const first = visit(url)
  await wait(100)
  /** @type {string[]} */
  const ids = []
  for (let count = 1; count <= 4; count++) ids.push(await publish(`event ${count}`))
  await until(() => first.text().includes('event 4'))
  first.leave()
  return {
    /** What a client gets that comes back with the id of an event. @param {number} index */
    async from(index) {
      const visitor = visit(url, { 'last-event-id': ids[index] ?? '' })
      await wait(300)
      visitor.leave()
      return visitor.events()
    },
  }
}

/** @type {Record<string, Case>} */
export const serverCases = {
  'slow client': {
    title: `64 MiB to a client that does not read leave at most ${ALLOWED_MIB} MiB in the process`,
    async run(peer) {
      const { opened, served } = await serving(peer)
      stall(served.url)
      const client = await opened
      const before = heldMiB()
      for (let count = 0; count < 1_024; count++) {
        const piece = Buffer.alloc(PIECE, 97 + (count % 26)).toString('latin1')
        Promise.resolve(client.send({ data: piece })).catch(() => {})
        await new Promise(setImmediate)
      }
      const held = Math.max(0, heldMiB() - before)
      return { pass: held <= ALLOWED_MIB, saw: `${held.toFixed(0)} MiB held` }
    },
  },
  'waiting send': {
    title: 'a send that waits for a slow client settles when the client leaves',
    async run(peer) {
      const { opened, served } = await serving(peer)
      const slow = stall(served.url)
      const { sendAndWait } = await opened
      if (sendAndWait === undefined) return { pass: undefined, saw: 'has no send that waits' }
      let sent = 0
      let isDone = false
      const piece = 'x'.repeat(PIECE)
      const sending = (async () => {
        for (; sent < 1_024; sent++) await sendAndWait({ data: piece })
      })().catch(() => {})
      sending.then(() => {
        isDone = true
      })
      for (let last = -1; last !== sent; await wait(300)) last = sent
      const atStall = sent
      slow.leave()
      await until(() => isDone)
      return {
        pass: isDone,
        saw: `${atStall} sent until it waited; ${isDone ? '' : 'never '}settled`,
      }
    },
  },
  'gone before open': {
    title: 'a client that left before its stream was opened is seen',
    async run(peer) {
      let hasLeft = () => {}
      const leaving = new Promise((resolve) => {
        hasLeft = () => resolve(undefined)
      })
      let isAsked = false
      const before = async () => {
        isAsked = true
        await leaving
        await wait(200)
      }
      const { opened, served } = await serving(peer, { before })
      const visitor = visit(served.url)
      await until(() => isAsked)
      visitor.leave()
      hasLeft()
      const client = await Promise.race([opened, wait(2_000, undefined)])
      if (client === undefined) return { pass: true, saw: 'the handler was not gone on with' }
      const { isGone } = client
      if (isGone === undefined) return { pass: undefined, saw: 'says nothing of its clients' }
      const isSeen = await until(isGone, 1_500)
      return { pass: isSeen, saw: isSeen ? 'seen' : 'taken for connected' }
    },
  },
  'injection by id': injection('id'),
  'injection by event': injection('event'),
  'lone CR': {
    title: 'a lone CR in the data adds no event',
    async run(peer) {
      const { events } = await arrivalOf(peer, { data: 'x\r\revent: forged\rdata: "forged"\r\r' })
      const forged = events.some(({ event }) => event === 'forged')
      return { pass: !forged, saw: forged ? 'the client got the event `forged`' : 'one event' }
    },
  },
  'text fidelity': fidelity('  two spaces\nand a last line break\n'),
  'Readable outliving': {
    title: 'a Readable that was sent is destroyed when the client leaves, and the process lives',
    async run(peer) {
      const { opened, served } = await serving(peer)
      const visitor = visit(served.url)
      const { sendSource } = await opened
      if (sendSource === undefined) return NOTHING
      const source = new Readable({ read() {} })
      const timer = setInterval(() => source.push('tick\n'), 20)
      Promise.resolve(sendSource(source)).catch(() => {})
      if (!(await until(() => visitor.text().includes('tick')))) return NOTHING
      visitor.leave()
      const isDestroyed = await until(() => source.destroyed)
      clearInterval(timer)
      return { pass: isDestroyed, saw: isDestroyed ? 'destroyed' : 'left open' }
    },
  },
  'generator cancelled': {
    title: 'the `finally` of a generator that was sent runs when the client leaves',
    async run(peer) {
      const { opened, served } = await serving(peer)
      const visitor = visit(served.url)
      const { sendSource } = await opened
      if (sendSource === undefined) return NOTHING
      let isPutAway = false
      async function* ticks() {
        try {
          for (;;) {
            yield { data: 'tick' }
            await wait(20)
          }
        } finally {
          isPutAway = true
        }
      }
      Promise.resolve(sendSource(ticks())).catch(() => {})
      if (!(await until(() => visitor.text().includes('tick')))) return NOTHING
      visitor.leave()
      await until(() => isPutAway)
      return { pass: isPutAway, saw: isPutAway ? 'ran' : 'never ran' }
    },
  },
  'server close': {
    title: 'closing the server, as the documentation closes it, finishes with a client there',
    async run(peer) {
      const { opened, served } = await serving(peer)
      visit(served.url)
      await opened
      let isClosed = false
      Promise.resolve(served.stop()).then(() => {
        isClosed = true
      })
      await until(() => isClosed, 5_000)
      return { pass: isClosed, saw: isClosed ? 'closed' : 'open after 5 seconds' }
    },
  },
  'HTTP/2': {
    title: 'over HTTP/2 an event arrives, and no header is sent that HTTP/2 forbids',
    async run(peer) {
      const warnings = new Set()
      process.on('warning', ({ message }) => warnings.add(message.split('\n')[0]))
      const { opened, served } = await serving(peer, { protocol: 'h2' })
      const visitor = visitByHttp2(served.url)
      const client = await opened
      await client.send({ data: 'hello' })
      const isThere = await until(() => visitor.text().includes('hello'))
      const saw = isThere ? 'arrived' : 'nothing arrived'
      const [warning] = warnings
      return { pass: isThere && !warning, saw: warning ? `${saw}; Node warns: ${warning}` : saw }
    },
  },
  resume: {
    title: 'of four events, a client that has the second gets the third and the fourth',
    async run(peer) {
      if (peer.serveHistory === undefined) return { pass: undefined, saw: 'keeps no history' }
      const got = (await (await history(peer, 100)).from(1)).map(({ data }) => data)
      return {
        pass: got.join() === 'event 3,event 4',
        saw: got.length === 0 ? 'nothing' : got.join(', '),
      }
    },
  },
  'gap signal': {
    title: 'a client whose next event is gone is told so',
    async run(peer) {
      if (peer.serveHistory === undefined) return { pass: undefined, saw: 'keeps no history' }
      const got = await (await history(peer, 2)).from(0)
      const saw = got.map(({ event, data }) => (event === 'message' ? data : `\`${event}\``))
      return {
        pass: got.some(({ event }) => event !== 'message'),
        saw: saw.join(', ') || 'nothing',
      }
    },
  },
}
