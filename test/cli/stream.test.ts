// `eventwire URL`: what is sent, what is shown, and how it ends.

import { once } from 'node:events'
import { describe, expect, test, vi } from 'vitest'
import { rawServer } from '../client/harness.js'
import { eventwire, shell } from './program.js'

/** What is shown, without the times. */
const shown = (text: string) => text.replace(/^\+ *(\d+m )?[\d.]+m?s/gm, '+')

describe('eventwire URL', () => {
  test('shows events as they happen: name, id, data laid out, time since the last', async () => {
    const server = await rawServer()
    const program = eventwire([server.url])
    const request = await server.next()
    const long = JSON.stringify({ big: 'NUMBER', list: [1, { a: [] }], text: 'x'.repeat(60) })
    request.stream('event: price\nid: 7\ndata: {"cents": 995}\n\n: hb\n\ndata: one\ndata: two\n\n')
    await program.has('two')
    request.write(
      `data: ${long.replace('"NUMBER"', '12345678901234567890')}\n\nevent: empty\ndata\n\n`,
    )
    await program.has('empty')
    expect(shown(program.out)).toBe(
      [
        '+ price id 7',
        '  {"cents":995}',
        '+ : hb',
        '+ message id 7',
        '  one',
        '  two',
        '+ message id 7',
        '  {',
        '    "big": 12345678901234567890,',
        '    "list": [',
        '      1,',
        '      {',
        '        "a": []',
        '      }',
        '    ],',
        `    "text": "${'x'.repeat(60)}"`,
        '  }',
        '+ empty id 7',
        '',
      ].join('\n'),
    )
    expect(program.out).toMatch(/^\+ +\d+(ms|\.\d\ds) price/)
    expect(program.err).toBe(`Connected to ${server.url}\n`)
    request.end()
    await program.has('The response has ended; next attempt in')
    const again = await server.next()
    expect(again.values('last-event-id')).toEqual(['7'])
    again.answer(204, {}, '')
    expect(await program.ended).toBe(0)
  })

  test('--json writes one object a line, and nothing else', async () => {
    const server = await rawServer()
    const program = eventwire(['--json', '--no-reconnect', server.url])
    const request = await server.next()
    request.stream(
      ': hb\n\nevent: price\nid: 7\ndata: {"cents": 995}\n\ndata: \x1b[31m\u009b\ndata: b\n\n',
    )
    request.end()
    expect(await program.ended).toBe(0)
    const lines = program.out.split('\n')
    expect(lines.pop()).toBe('')
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { event: 'price', id: '7', data: '{"cents": 995}' },
      { event: 'message', id: '7', data: '\x1b[31m\u009b\nb' },
    ])
    expect(program.out).toMatch(/^[\n\x20-\x7e]*$/)
    expect(program.err).toBe('')
  })

  test('sends headers, method, data and the last event id', async () => {
    const server = await rawServer()
    const program = eventwire([
      ...['-H', 'X-A: b: c', '--header', 'authorization:Bearer x', '-d', '{"a":1}'],
      ...['--last-event-id', '\u2026', server.url],
    ])
    const request = await server.next()
    expect(request.method).toBe('POST')
    expect(request.body).toBe('{"a":1}')
    expect(request.values('content-type')).toEqual(['application/json'])
    expect(request.values('x-a')).toEqual(['b: c'])
    expect(request.values('authorization')).toEqual(['Bearer x'])
    expect(request.values('last-event-id')).toEqual(['\xe2\x80\xa6'])
    request.answer(204, {}, '')
    expect(await program.ended).toBe(0)

    const other = eventwire(['-X', 'PUT', '--data', 'text', server.url.replace('http://', '')])
    const second = await server.next()
    expect([second.method, second.body]).toEqual(['PUT', 'text'])
    expect(second.values('content-type')).toEqual(['text/plain;charset=UTF-8'])
    second.answer(204, {}, '')
    expect(await other.ended).toBe(0)
  })

  test('sends a name and a password of the URL in a header, unless one is given', async () => {
    const server = await rawServer()
    for (const [pair, headers, expected] of [
      ['me:p%40ss', [], `Basic ${btoa('me:p@ss')}`],
      ['me', [], `Basic ${btoa('me:')}`],
      ['me:100%', [], `Basic ${btoa('me:100%')}`],
      ['me:pass', ['-H', 'Authorization: Bearer x'], 'Bearer x'],
    ] as const) {
      const program = eventwire([...headers, server.url.replace('//', `//${pair}@`)])
      const request = await server.next()
      expect(request.values('authorization')).toEqual([expected])
      request.stream(': hello\n\n').cut()
      await program.has('The connection broke')
      ;(await server.next()).answer(204, {}, '')
      expect(await program.ended).toBe(0)
      expect(program.err).toContain(`Connected to ${server.url}\n`)
    }
  })

  test('--event shows events of these names only', async () => {
    const server = await rawServer()
    const program = eventwire([
      '--json',
      '--no-reconnect',
      '--event',
      'a',
      '--event',
      'b',
      server.url,
    ])
    ;(await server.next())
      .stream('event: a\ndata: 1\n\nevent: c\ndata: 2\n\nevent: b\ndata: 3\n\ndata: a\n\n')
      .end()
    expect(await program.ended).toBe(0)
    expect(program.out.match(/"event":"\w+"/g)).toEqual(['"event":"a"', '"event":"b"'])
  })

  test.each([
    ['its data', 'data: [DONE]\n\n', '[DONE]'],
    ['its name', 'event: done\ndata: bye\n\n', 'done'],
  ])('--until ends with an event, by %s', async (_by, event, until) => {
    const server = await rawServer()
    const program = eventwire(['--json', '--until', until, server.url])
    const request = await server.next()
    request.stream(`data: a\n\n${event}data: more\n\n`)
    expect(await program.ended).toBe(0)
    await request.gone
    expect(program.out.split('\n').length).toBe(3)
    expect(program.out).not.toContain('more')
  })

  test('exits with 4 when the stream ends before --until', async () => {
    const server = await rawServer()
    const program = eventwire(['--no-reconnect', '--until', 'x', server.url])
    ;(await server.next()).stream('data: a\n\n').end()
    expect(await program.ended).toBe(4)
    expect(program.err).toContain('The stream has ended before --until was reached')
  })

  test.each([
    [
      'a status',
      404,
      { 'content-type': 'text/plain' },
      'No \x1bsuch feed',
      'status 404, not 200: No \\u001bsuch feed',
    ],
    ['a type', 200, { 'content-type': 'text/html' }, '<p>', 'content type "text/html"'],
  ])(
    'exits with 3 for an answer that is no event stream: %s',
    async (_by, status, headers, body, said) => {
      const server = await rawServer()
      const program = eventwire([server.url])
      ;(await server.next()).answer(status, headers, body)
      expect(await program.ended).toBe(3)
      expect(program.err).toContain(said)
      expect(program.err.trim().split('\n').length).toBe(1)
      expect(program.out).toBe('')
    },
  )

  test('exits with 1 when the connection fails, with --no-reconnect', async () => {
    const server = await rawServer()
    const program = eventwire(['--no-reconnect', server.url])
    ;(await server.next()).stream('data: a\n\n').cut()
    expect(await program.ended).toBe(1)
    expect(program.err).toContain('eventwire: The connection broke: terminated')
    const refused = eventwire(['--no-reconnect', server.url])
    ;(await server.next()).cut()
    expect(await refused.ended).toBe(1)
    expect(refused.err).toMatch(/^eventwire: The request failed: fetch failed: \S/)
  })

  test('says why it tries again', async () => {
    const server = await rawServer()
    const program = eventwire(['--json', server.url])
    ;(await server.next()).answer(503, {}, 'busy')
    await program.has('The response has the status 503, not 200: busy; next attempt in ')
    ;(await server.next()).answer(204, {}, '')
    expect(await program.ended).toBe(0)
  })

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('ends at %s with %i, and leaves the server', async (signal, code) => {
    const server = await rawServer()
    const program = eventwire([server.url])
    const request = await server.next()
    request.stream('data: a\n\n')
    await program.has('message')
    program.child.kill(signal)
    expect(await program.ended).toBe(code)
    await request.gone
    expect(program.err).toBe(`Connected to ${server.url}\n`)
  })

  test('ends quietly when nobody reads any more', async () => {
    const server = await rawServer()
    // The code is that of eventwire: the shell has no other way to tell it.
    const program = shell(`{ eventwire --json ${server.url}; echo "code $?" >&2; } | head -1`)
    const request = (await server.next()).stream('data: a\n\n')
    await program.has('"a"')
    let isGone = false
    void request.gone.then(() => {
      isGone = true
    })
    await vi.waitUntil(() => request.write('data: more\n\n') && isGone, { timeout: 10_000 })
    expect(await program.ended).toBe(0)
    expect(program.out).toBe('{"event":"message","id":"","data":"a"}\n')
    expect(program.err).toBe('code 0\n')
  })
})

describe('while nobody reads what it writes', () => {
  /** Starts it with an output that is full. */
  async function unread(text: string) {
    const server = await rawServer()
    const program = eventwire(['--until', 'end', server.url])
    const { stdout } = program.child
    stdout?.pause()
    const request = (await server.next()).stream()
    const write = () => new Promise((resolve) => request.socket.write(chunkOf(text), resolve))
    return { program, stdout, request, write }
  }

  const chunkOf = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`

  test('ends at SIGINT all the same', async () => {
    const { program, stdout, write } = await unread('data: x\n\n'.repeat(100_000))
    void write()
    await vi.waitUntil(() => (stdout?.readableLength ?? 0) > 0, { timeout: 10_000 })
    const exited = once(program.child, 'exit')
    program.child.kill('SIGINT')
    expect(await exited).toEqual([130, null])
  })

  test('does not keep comments', async () => {
    const comments = `: ${'x'.repeat(1_000)}\n\n`.repeat(1_000)
    const { program, stdout, request, write } = await unread(comments)
    for (let i = 0; i < 32; i++) await write()
    request.write('data: end\n\n')
    stdout?.resume()
    expect(await program.ended).toBe(0)
    expect(program.out).toMatch(/ {2}end\n$/)
    expect(program.out.length).toBeLessThan(16_000_000)
  })
})

describe('a name, an id, data or a comment', () => {
  test('cannot drive a terminal', async () => {
    const server = await rawServer()
    const program = eventwire(['--no-reconnect', server.url])
    const bad = '\x1b]0;title\x07\x08\u009b31m\u202e'
    ;(await server.next()).stream(`: ${bad}\nevent: ${bad}\nid: ${bad}\ndata: ${bad}\n\n`).end()
    expect(await program.ended).toBe(0)
    expect(program.out).toMatch(/^[\n\x20-\x7e]*$/)
    expect(program.out.match(/\\u001b\]0;title\\u0007\\u0008\\u009b31m\\u202e/g)?.length).toBe(4)
  })
})
