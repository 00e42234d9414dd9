// What docs/cli.md shows for scripts, line by line, with another server in place of example.com.

import { readFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, inject, test } from 'vitest'
import { shell } from './program.js'

const page = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8')
const [, block = ''] = /^```sh\n(.*?)^```$/ms.exec(page) ?? []
const [news = '', chat = '', piped = '', ...more] = block.trim().split('\n')

const open: (() => void)[] = []
afterEach(() => {
  for (const close of open.splice(0)) close()
})

/** Runs a line of the page against a server of this test. */
async function run(line: string, listener: RequestListener) {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const here = line
    .replace('https://example.com', `http://127.0.0.1:${port}`)
    .replace('npx eventwire', 'eventwire')
  const program = shell(here, { env: { TOKEN: 'secret' } })
  return { code: await program.ended, out: program.out }
}

/** Two prices and a note; whoever comes back is told that there is no more. */
const feed: RequestListener = (req, res) => {
  if (req.headers['last-event-id']) res.writeHead(204).end()
  else {
    res
      .writeHead(200, { 'content-type': 'text/event-stream' })
      .end(
        'retry: 10\nid: 1\nevent: price\ndata: {"cents":995}\n\nevent: note\ndata: x\n\nid: 2\nevent: price\ndata: {"cents":996}\n\n',
      )
  }
}

test('the page has three lines', () => {
  expect(more).toEqual([])
  expect([news, chat, piped].every((line) => line.includes('npx eventwire'))).toBe(true)
})

describe.skipIf(inject('programs').jq === undefined)('with jq', () => {
  test('one name of events is taken apart', async () => {
    expect(await run(news, feed)).toEqual({ code: 0, out: '995\n996\n' })
  })
})

test('a question is asked, and its answer read until the end', async () => {
  const { code, out } = await run(chat, async (req, res) => {
    let body = ''
    for await (const text of req.setEncoding('utf8')) body += text
    const isAllowed = req.headers.authorization === 'Bearer secret'
    res
      .writeHead(isAllowed ? 200 : 401, { 'content-type': 'text/event-stream' })
      .write(`data: asked ${JSON.parse(body).question}\n\ndata: [DONE]\n\ndata: never shown\n\n`)
  })
  expect(code).toBe(0)
  expect(out).toContain('asked Why?')
  expect(out).toContain('[DONE]')
  expect(out).not.toContain('never shown')
})

test('what another program fetches is shown', async () => {
  const { code, out } = await run(piped, feed)
  expect(code).toBe(0)
  expect(out).toMatch(/price id 1\n.*"cents": ?995/)
})
