// From publish to client over Redis: how long an event takes, and how many go through two nodes in a second.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { createServer, get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SseChannel } from 'eventwire'
import { openStream } from 'eventwire/node'
import { RedisLog } from 'eventwire/redis'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { Child, childArguments, isProgram, nowMicros } from './runner/child.js'
import { stoppedAtExit } from './runner/cleanup.js'
import { median } from './runner/figures.js'
import { needProgram } from './runner/machine.js'
import { progress } from './runner/progress.js'
import { compare } from './runner/rounds.js'

const TEXT = 'x'.repeat(100)

const CLIENTS = {
  'node-redis': async (port) => {
    const client = createClient({ socket: { host: '127.0.0.1', port } })
    await client.connect()
    return client
  },
  ioredis: async (port) => {
    const client = new Redis(port, '127.0.0.1')
    await once(client, 'ready')
    return client
  },
}

/** Each way from a publisher to the clients of a node: how a client joins, and how an event is published. */
const WAYS = {
  async raw(client, name) {
    const responses = new Set()
    const subscriber = client.duplicate()
    const onMessage = (message) => {
      for (const res of responses) res.write(`data: ${message}\n\n`)
    }
    if (name === 'ioredis') {
      subscriber.on('message', (_topic, message) => onMessage(message))
      await subscriber.subscribe('raw')
    } else {
      await subscriber.connect()
      await subscriber.subscribe('raw', onMessage)
    }
    return {
      join: (_req, res) => {
        res.writeHead(200, { 'content-type': 'text/event-stream' })
        responses.add(res)
        res.write(': joined\n\n')
      },
      publish: (data) => client.publish('raw', data),
    }
  },
  async eventwire(client) {
    const channel = new SseChannel({ name: 'bench', log: new RedisLog(client) })
    return {
      // The client shares its cores with all the others here: it may be late by more than a client should.
      join: async (req, res) => {
        const stream = openStream(req, res, { maxBufferedBytes: 2 ** 26 })
        await channel.subscribe(stream)
        stream.comment('joined')
      },
      publish: (data) => channel.publish({ data }),
    }
  },
}

/** A node's process: told by messages to publish. */
async function serve(way, name, redisPort) {
  const client = await CLIENTS[name](Number(redisPort))
  const { join, publish } = await WAYS[way](client, name)
  const server = createServer(join).listen(0, '127.0.0.1')
  await once(server, 'listening')
  process.send({ port: server.address().port })
  for await (const [{ one, many, cpu }] of messages()) {
    if (one) await publish(`${nowMicros()} ${TEXT}`)
    // As many under way as a busy node may have.
    for (let sent = 0; sent < (many ?? 0); sent += 500) {
      await Promise.all(Array.from({ length: 500 }, () => publish(`${nowMicros()} ${TEXT}`)))
    }
    process.send(cpu ? process.cpuUsage() : 'done')
  }
}

/** The client's process: keeps how long each event took. */
async function read(port) {
  let text = ''
  let micros = []
  let awaited = 0
  const request = get({ port, headers: { accept: 'text/event-stream' } })
  // Without its stream it would wait for ever.
  request.on('close', () => process.exit(1)).on('error', () => {})
  const [response] = await once(request, 'response')
  // What is published before a fresh subscription has begun is not for it.
  await once(response, 'data')
  // By HTTP's reader: where much is sent at once, a chunk may end within an event.
  response.setEncoding('utf8').on('data', (chunk) => {
    text += chunk
    for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
      const [, sent] = /data: (\d+) /.exec(text.slice(0, end)) ?? []
      if (sent !== undefined) micros.push(nowMicros() - Number(sent))
      if (micros.length === awaited) process.send('received')
      text = text.slice(end + 2)
    }
  })
  process.send('connected')
  for await (const [{ awaits, tell }] of messages()) {
    if (tell) process.send(micros)
    else {
      micros = []
      awaited = awaits
      process.send('waiting')
    }
  }
}

async function* messages() {
  const queue = []
  let wake = () => {}
  process.on('message', (message) => {
    queue.push([message])
    wake()
  })
  for (;;) {
    if (queue.length > 0) yield queue.shift()
    else {
      await new Promise((resolve) => {
        wake = resolve
      })
    }
  }
}

/** A Redis of its own. */
async function startRedis(...args) {
  needProgram('redis-server')
  const folder = await mkdtemp(join(tmpdir(), 'eventwire-bench-'))
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  const child = spawn('redis-server', ['--port', port, '--dir', folder, '--save', '', ...args], {
    stdio: 'ignore',
  })
  const stop = stoppedAtExit(() => {
    // Nothing of it is to be kept.
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })
  const client = createClient({ socket: { host: '127.0.0.1', port, reconnectStrategy: 20 } })
  client.on('error', () => {})
  await client.connect()
  return {
    port,
    async cpuMicros() {
      const info = await client.info('cpu')
      const of = (name) => Number(new RegExp(`${name}:([\\d.]+)`).exec(info)?.[1]) * 1e6
      return of('used_cpu_user') + of('used_cpu_sys')
    },
    async stop() {
      client.destroy()
      stop()
      await once(child, 'close')
    },
  }
}

/** A node that publishes, and another whose client hears. */
async function openPair(way, name, port) {
  const [publisher, node] = [
    new Child(import.meta.url, 'serve', way, name, port),
    new Child(import.meta.url, 'serve', way, name, port),
  ]
  const [, address] = await Promise.all([publisher.hears(), node.hears()])
  const reader = new Child(import.meta.url, 'read', address.port)
  await reader.hears()
  return { publisher, node, reader }
}

const RAW = 'raw pub/sub to a bare res'
const UNIT = 'p50, µs from publish to client'

async function latencies(name) {
  const plain = await startRedis()
  const written = await startRedis('--appendonly', 'yes', '--appendfsync', 'everysec')
  const pairs = {}
  try {
    const seats = {
      [RAW]: ['raw', name, plain.port],
      eventwire: ['eventwire', name, plain.port],
      'eventwire, with an AOF written each second': ['eventwire', name, written.port],
    }
    for (const [seat, args] of Object.entries(seats)) pairs[seat] = await openPair(...args)
    const measure = async ({ publisher, reader }) => {
      const all = []
      for (let i = 0; i < 300; i++) {
        await reader.ask({ awaits: 1 })
        await Promise.all([publisher.ask({ one: true }), reader.hears()])
        all.push(...(await reader.ask({ tell: true })))
      }
      return median(all)
    }
    const rows = Object.fromEntries(
      Object.entries(pairs).map(([seat, pair]) => [seat, () => measure(pair)]),
    )
    for (const warm of Object.values(rows)) await warm()
    return await compare(rows, { rounds: 7, unit: UNIT })
  } finally {
    for (const pair of Object.values(pairs))
      for (const child of Object.values(pair)) await child.end()
    await plain.stop()
    await written.stop()
  }
}

/** How many events go through, and who is busy meanwhile. */
export async function throughput() {
  const redis = await startRedis()
  const rows = {}
  const COUNT = 20_000
  try {
    for (const name of Object.keys(CLIENTS)) {
      for (const way of Object.keys(WAYS)) {
        const { publisher, node, reader } = await openPair(way, name, redis.port)
        const cpu = async () => {
          const [a, b] = await Promise.all([publisher.ask({ cpu: true }), node.ask({ cpu: true })])
          return [a.user + a.system, b.user + b.system, await redis.cpuMicros()]
        }
        const publishAll = async () => {
          await reader.ask({ awaits: COUNT })
          await Promise.all([publisher.ask({ many: COUNT }), reader.hears()])
        }
        await publishAll()
        const readings = {
          'events a second': [],
          'CPU µs an event: publishing node': [],
          'serving node': [],
          Redis: [],
        }
        for (let round = 0; round < 3; round++) {
          progress.doing(`${way}, ${name}: round ${round + 1} of 3`)
          const before = await cpu()
          const start = performance.now()
          await publishAll()
          const ms = performance.now() - start
          const shares = (await cpu()).map((micros, i) => (micros - before[i]) / COUNT)
          const values = [COUNT / (ms / 1_000), ...shares]
          for (const [index, all] of Object.values(readings).entries()) {
            all.push(Number(values[index].toPrecision(6)))
          }
        }
        rows[`${way}, ${name}`] = readings
        for (const child of [publisher, node, reader]) await child.end()
      }
    }
    return rows
  } finally {
    await redis.stop()
  }
}

export async function* tables() {
  for (const name of Object.keys(CLIENTS)) {
    yield {
      key: name,
      title: `${name}: one event at a time, from one node to a client of another`,
      rows: await latencies(name),
      goals: [
        { work: `publish to client over ${name}`, row: 'eventwire', over: RAW, atMost: 1.25 },
      ],
    }
  }
}

if (isProgram(import.meta.url)) {
  const [role, ...args] = childArguments()
  if (role === 'serve') await serve(...args)
  else await read(args[0])
}
