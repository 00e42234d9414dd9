// Records what the command `eventwire` shows of a real stream: README shows the file that this writes.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { SseChannel } from 'eventwire'
import { openStream, stop } from 'eventwire/node'

const BIN = fileURLToPath(new URL('../dist/cli.js', import.meta.url))
const file = process.argv[2] ?? fileURLToPath(new URL('command-line.txt', import.meta.url))

const channel = new SseChannel()
let streams = 0

const server = createServer(async (req, res) => {
  if (++streams > 2) return stop(res)
  const stream = openStream(req, res, { heartbeatMs: 400, retryMs: 250 })
  await channel.subscribe(stream)
  if (streams === 1) await firstStream(stream)
  else await secondStream(stream)
})

async function firstStream(stream) {
  await channel.publish({ event: 'price', data: { symbol: 'ACME', cents: 995 } })
  await wait(120)
  await channel.publish({
    event: 'order',
    data: {
      number: 'o-2041',
      lines: [{ sku: 'A-7', count: 2 }],
      note: 'Please ring twice; the bell is not what it was.',
    },
  })
  await wait(500)
  stream.destroy()
  // Nobody is connected now, and nothing is lost.
  await channel.publish({ data: 'published while the connection was lost' })
}

async function secondStream(stream) {
  await wait(60)
  await stream.end({ event: 'bye' })
}

await once(server.listen(0, '127.0.0.1'), 'listening')
const url = `http://127.0.0.1:${server.address().port}/feed`
const output = openSync(file, 'w')
const child = spawn(process.execPath, [BIN, url], { stdio: ['ignore', output, output] })
const [code] = await once(child, 'exit')
closeSync(output)
server.close()
const shown = readFileSync(file, 'utf8')
writeFileSync(file, `$ npx eventwire ${url}\n${shown}$ echo $?\n${code}\n`)
