// What proxies add: the time to the first event, the delay of an event, and how long a client that has left goes unnoticed.

import { existsSync } from 'node:fs'
import { createServer, get } from 'node:http'
import http2 from 'node:http2'
import { openStream } from 'eventwire/node'
import { generate } from 'selfsigned'
import { PRODUCTS, startProxy } from '../test/proxies/proxy.js'
import { stoppedAtExit } from './runner/cleanup.js'
import { compare } from './runner/rounds.js'

const PATHS = {
  nginx: '/usr/sbin/nginx',
  haproxy: '/usr/sbin/haproxy',
  caddy: '/usr/bin/caddy',
  apache2: '/usr/sbin/apache2',
  varnishd: '/usr/sbin/varnishd',
}

const ROUNDS = 3
/** Who has not been noticed by then is taken for one that never is. */
const PATIENCE_MS = 5_000

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

let options = {}
let onStream = () => {}

async function listen() {
  const server = createServer((req, res) => onStream(openStream(req, res, options)))
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

/** Asks, and gives what the server and the client have of it. */
async function open(url, streamOptions) {
  options = { heartbeatMs: false, retryMs: 1_000, ...streamOptions }
  const opened = new Promise((resolve) => {
    onStream = resolve
  })
  let text = ''
  let onText = () => {}
  const take = (chunk) => {
    text += chunk
    onText()
  }
  let leave
  if (url.startsWith('https:')) {
    const session = http2.connect(url, { rejectUnauthorized: false })
    const request = session.request({ ':path': '/', accept: 'text/event-stream' })
    request
      .setEncoding('utf8')
      .on('data', take)
      .on('error', () => {})
      .end()
    leave = () => session.destroy()
  } else {
    const headers = { accept: 'text/event-stream' }
    const request = get(url, { headers, agent: false }, (res) =>
      res
        .setEncoding('utf8')
        .on('data', take)
        .on('error', () => {}),
    ).on('error', () => {})
    leave = () => request.destroy()
  }
  const has = async (part) => {
    while (!text.includes(part)) {
      await new Promise((resolve) => {
        onText = resolve
      })
    }
  }
  return { stream: await opened, has, leave }
}

async function firstEventMs(url) {
  const startMs = performance.now()
  const { stream, has, leave } = await open(url)
  stream.send({ data: 'first' })
  await has('data: first\n\n')
  const ms = performance.now() - startMs
  leave()
  stream.destroy()
  return ms
}

async function delaysMs(url) {
  const { stream, has, leave } = await open(url)
  const delays = []
  for (let i = 0; i < 10; i++) {
    await wait(100)
    const startMs = performance.now()
    stream.send({ data: `event ${i}` })
    await has(`data: event ${i}\n\n`)
    delays.push(performance.now() - startMs)
  }
  leave()
  stream.destroy()
  return delays.sort((a, b) => a - b)
}

async function unnoticedMs(url, heartbeatMs) {
  const { stream, has, leave } = await open(url, { heartbeatMs })
  await has('retry: 1000\n\n')
  const startMs = performance.now()
  leave()
  const ms = await Promise.race([
    stream.closed.then(() => performance.now() - startMs),
    wait(PATIENCE_MS).then(() => Number.POSITIVE_INFINITY),
  ])
  stream.destroy()
  return ms
}

export async function* tables() {
  const servers = [await listen(), await listen()]
  const ports = servers.map((server) => server.address().port)
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }])
  const urls = { 'no proxy': `http://127.0.0.1:${ports[0]}` }
  const proxies = []
  for (const [config, { program }] of Object.entries(PRODUCTS)) {
    const path = PATHS[program]
    if (!existsSync(path)) {
      console.log(`${config} is left out: there is no ${path}`)
      continue
    }
    const proxy = await startProxy(config, { path, ports, certificate: { key, cert } })
    proxies.push(stoppedAtExit(() => proxy.stop()))
    urls[config] = `${config.includes('http2') ? 'https' : 'http'}://127.0.0.1:${proxy.port}`
  }
  const rows = (measure) =>
    Object.fromEntries(Object.entries(urls).map(([name, url]) => [name, () => measure(url)]))
  const measured = (measure) => compare(rows(measure), { rounds: ROUNDS, unit: 'ms', isWarm: true })

  yield {
    key: 'first event',
    title: 'from the request to the first event',
    rows: await measured(firstEventMs),
  }
  yield {
    key: 'delay',
    title: 'from send to the client: the slowest of ten events, 100 ms apart',
    rows: await measured(async (url) => (await delaysMs(url)).at(-1)),
  }
  yield {
    key: 'unnoticed',
    title: `until a client that has left is noticed, heartbeats off (Infinity: not within ${PATIENCE_MS} ms)`,
    rows: await measured((url) => unnoticedMs(url, false)),
  }
  yield {
    key: 'unnoticed, heartbeats',
    title: 'until a client that has left is noticed, heartbeats every 500 ms',
    rows: await measured((url) => unnoticedMs(url, 500)),
  }
  for (const stop of proxies) await stop()
  for (const server of servers) {
    server.close()
    server.closeAllConnections()
  }
}
