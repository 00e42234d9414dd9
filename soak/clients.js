// The clients of a soak: thousands, in a process of their own. Each knows which events it must have seen.

import { get } from 'node:http'
import { createParser } from 'eventsource-parser'
import { dataOf, isBulk, MAX_EVENTS, seeded } from './events.js'

const [port, count, seed] = process.argv.slice(2).map(Number)
const random = seeded(seed)
const between = (min, max) => min + random() * (max - min)
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

const totals = {
  connected: 0,
  resumed: 0,
  events: 0,
  gaps: 0,
  left: 0,
  reset: 0,
  stalled: 0,
  cut: 0,
  failed: 0,
}
const wrong = []
let isOver = false

/** What the newest events carry: thousands of clients compare with it. */
const known = new Map()

function knownDataOf(number) {
  let data = known.get(number)
  if (data === undefined) {
    data = dataOf(number)
    known.set(number, data)
    known.delete(number - 2 * MAX_EVENTS)
  }
  return data
}

const numberOf = (id) => Number(id.slice(id.lastIndexOf('-') + 1))

/** One client over all its connections. */
class Client {
  /** Some see the large events, too. */
  kind = random() < 0.03 ? 'bulk' : 'feed'
  /** What it comes back with, and the first id that it ever had. */
  lastEventId = ''
  firstEventId = ''
  /** The number of the event before the next; unknown to one that starts fresh. */
  position
  events = 0

  async live() {
    await wait(between(0, 3_000))
    while (!isOver) {
      await this.#connect()
      await wait(random() < 0.3 ? between(0, 50) : between(50, 4_000))
      const chance = random()
      // Some forget where they were; some come back to where they once began.
      if (chance < 0.02) this.#comeBackWith('')
      else if (chance < 0.04) this.#comeBackWith(this.firstEventId)
    }
  }

  #comeBackWith(id) {
    this.lastEventId = id
    this.position = id === '' ? undefined : numberOf(id)
  }

  /** One connection, until one side has ended it. */
  #connect() {
    const headers = { accept: 'text/event-stream', 'last-event-id': this.lastEventId }
    const path = `/${this.kind}`
    const request = get({ host: '127.0.0.1', port, path, headers, agent: false })
    return new Promise((resolve) => {
      let isLeaving = false
      const timers = []
      const later = (ms, task) => timers.push(setTimeout(task, ms))
      request.on('error', (error) => {
        if (!isLeaving && request.res === undefined) {
          totals.failed++
          if (error.code !== 'ECONNRESET') this.#isWrong(`could not connect: ${error.message}`)
        }
      })
      request.on('close', () => {
        for (const timer of timers) clearTimeout(timer)
        if (!isLeaving) totals.cut++
        resolve()
      })
      request.on('response', (response) => {
        totals.connected++
        if (this.lastEventId !== '') totals.resumed++
        if (response.statusCode !== 200) this.#isWrong(`status ${response.statusCode}`)
        const parser = createParser({ onEvent: (event) => this.#take(event) })
        response.setEncoding('utf8')
        response.on('data', (chunk) => parser.feed(chunk))
        response.on('error', () => {})
      })
      const leave = () => {
        isLeaving = true
        if (random() < 0.5) {
          totals.left++
          request.destroy()
        } else {
          totals.reset++
          request.socket?.resetAndDestroy()
          request.destroy()
        }
      }
      const lifeMs = random() < 0.1 ? between(0, 100) : between(1_000, 30_000)
      if (random() < 0.3) {
        later(lifeMs / 2, () => {
          totals.stalled++
          request.res?.pause()
          later(between(500, 12_000), () => request.res?.resume())
        })
      }
      later(lifeMs + (random() < 0.5 ? 12_000 : 0), leave)
      this.leave = () => {
        isLeaving = true
        request.destroy()
      }
    })
  }

  #take({ event = 'message', data, id = '' }) {
    totals.events++
    this.events++
    this.lastEventId = id
    this.firstEventId ||= id
    const number = numberOf(id)
    if (event === 'gap') {
      totals.gaps++
      // Something it had not seen is gone, or this is no gap.
      if (!(number > (this.position ?? 0))) this.#isWrong(`a gap at ${number} of nothing`)
    } else {
      const expected = this.#following(this.position)
      if (expected !== undefined && number !== expected) {
        this.#isWrong(`${number} instead of ${expected}`)
      }
      if (data !== knownDataOf(number)) this.#isWrong(`${number} is not what was sent`)
    }
    this.position = number
  }

  /** The number of the next event that it is to see. */
  #following(position) {
    if (position === undefined) return undefined
    const next = position + 1
    return isBulk(next) && this.kind !== 'bulk' ? next + 1 : next
  }

  #isWrong(what) {
    if (wrong.length < 20) wrong.push(`${this.kind} client: ${what}`)
  }
}

const clients = Array.from({ length: count }, () => new Client())
const lives = clients.map((client) => client.live())

const orders = {
  reading: () => ({ totals, wrong }),
  async stop() {
    isOver = true
    for (const client of clients) client.leave?.()
    await Promise.all(lives)
    const idle = clients.filter(({ events }) => events === 0).length
    return { totals, wrong, idle }
  },
}

process.on('message', async ({ order }) => process.send({ order, answer: await orders[order]() }))
process.on('disconnect', () => process.exit())
