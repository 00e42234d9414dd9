// `eventwire` with arguments that make no sense, without a server, or on a terminal.

import { readFileSync } from 'node:fs'
import { describe, expect, inject, test } from 'vitest'
import { rawServer } from '../client/harness.js'
import { eventwire, shell } from './program.js'

const ROOT = new URL('../../', import.meta.url)

const ESCAPE = '\x1b['

describe('arguments that make no sense', () => {
  test.each([
    [[], 'Expected one URL, or -, got 0'],
    [['a', 'b'], 'Expected one URL, or -, got 2'],
    [['--unknown', 'a'], "Unknown option '--unknown'"],
    [['--until'], "'--until <value>' argument missing"],
    [['--json=yes', 'a'], "'--json' does not take an argument"],
    [['-H', 'nothing', 'a'], `Expected a header as 'NAME: VALUE', got "nothing"`],
    [['-H', 'a b: c', 'http://127.0.0.1'], 'Expected the request to be one that can be sent'],
    [['-X', 'A B', 'http://127.0.0.1'], 'Expected the request to be one that can be sent'],
    [
      ['-X', 'GET', '-d', 'x', 'http://127.0.0.1'],
      'Expected the request to be one that can be sent',
    ],
    [['ftp://127.0.0.1'], 'Expected the URL to be an absolute one of http: or https:'],
    [['http://'], 'Expected the URL to be an absolute one of http: or https:'],
    [['--last-event-id', 'a\nb', 'http://127.0.0.1'], 'Expected `lastEventId` to be one line'],
    [['--delivery', 'push', 'http://127.0.0.1'], 'Expected `delivery` to be one of "stream"'],
    [['--delivery', 'poll', '-'], 'Expected no option of a request with -'],
    [['-d', 'x', '-'], 'Expected no option of a request with -'],
    [['-H', 'a: b', '-'], 'Expected no option of a request with -'],
  ])('%j: exit code 2, and what is wrong with them', async (args, message) => {
    const program = eventwire(args)
    expect(await program.ended).toBe(2)
    expect(program.out).toBe('')
    expect(program.err).toMatch(/^eventwire: /)
    expect(program.err.split('\n', 1)[0]).toContain(message)
    const help = args.length > 0 ? 'eventwire --help shows' : 'Usage: eventwire [options] URL'
    expect(program.err).toContain(help)
  })
})

describe('eventwire', () => {
  test('--help shows the usage, which docs/cli.md shows too', async () => {
    const program = eventwire(['--help'])
    expect(await program.ended).toBe(0)
    expect(program.out).toMatch(/^Usage: eventwire \[options\] URL\n/)
    expect(readFileSync(new URL('docs/cli.md', ROOT), 'utf8')).toContain(program.out)
  })

  test('--version shows the version', async () => {
    const program = eventwire(['--version'])
    expect(await program.ended).toBe(0)
    const { version } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8'))
    expect(program.out).toBe(`${version}\n`)
  })
})

describe('eventwire -', () => {
  test('shows what comes by standard input', async () => {
    const input = 'id: 1\ndata: {"a":1}\n\n: hb\n\nevent: b\ndata: 2\n\ndata: half'
    const program = eventwire(['--json', '-'], { input })
    expect(await program.ended).toBe(0)
    expect(program.out).toBe(
      '{"event":"message","id":"1","data":"{\\"a\\":1}"}\n{"event":"b","id":"1","data":"2"}\n',
    )
    const people = eventwire(['-'], { input })
    expect(await people.ended).toBe(0)
    expect(people.out.replace(/^\+ *[\d.]+m?s/gm, '+')).toBe(
      '+ message id 1\n  {"a":1}\n+ : hb\n+ b id 1\n  2\n',
    )
  })

  test('knows --event and --until', async () => {
    const input = 'event: a\ndata: 1\n\nevent: b\ndata: 2\n\ndata: end\n\nevent: b\ndata: 3\n\n'
    const program = eventwire(['--json', '--event', 'b', '--until', 'end', '-'], { input })
    expect(await program.ended).toBe(0)
    expect(program.out).toBe('{"event":"b","id":"","data":"2"}\n')
    expect(await eventwire(['--until', 'never', '-'], { input }).ended).toBe(4)
  })
})

describe('colours', () => {
  const INPUT = ': hb\n\ndata: a\n\n'

  test('are left out where there is no terminal', async () => {
    const program = eventwire(['-'], { input: INPUT })
    await program.ended
    expect(program.out + program.err).not.toContain(ESCAPE)
  })

  test.each([
    [{ FORCE_COLOR: '1' }, true],
    [{ FORCE_COLOR: '0' }, false],
    [{ NO_COLOR: '1' }, false],
  ])('are as %j says', async (env, expected) => {
    const program = eventwire(['-'], { input: INPUT, env })
    await program.ended
    expect(program.out.includes(ESCAPE)).toBe(expected)
  })

  // util-linux's script gives a program a terminal of its own.
  const script = inject('programs').script

  test.skipIf(script === undefined)(
    'are there on a terminal, heartbeats dimmed, unless NO_COLOR or TERM=dumb is set',
    async () => {
      for (const [env, expected] of [
        [{ TERM: 'xterm-256color' }, true],
        [{ TERM: 'xterm-256color', NO_COLOR: '1' }, false],
        [{ TERM: 'dumb' }, false],
      ] as const) {
        const server = await rawServer()
        const program = shell(`${script} -qec "eventwire ${server.url}" /dev/null`, {
          // Where it is set, Node takes a terminal for one without colours.
          env: { CI: undefined, ...env },
        })
        const request = await server.next()
        request.stream(': hb\n\nid: 7\ndata: a\n\n')
        await program.has('message')
        request.end()
        ;(await server.next()).answer(204, {}, '')
        expect(await program.ended).toBe(0)
        expect(program.out.includes(ESCAPE)).toBe(expected)
        if (!expected) continue
        const seen = program.out.replaceAll(ESCAPE, '<').replace(/\+ +[\d.]+m?s/g, '+')
        expect(seen).toContain(`<2mConnected to ${server.url}<22m`)
        expect(seen).toContain('<2m+ : hb<22m')
        expect(seen).toContain('<2m+<22m <36mmessage<39m<2m id 7<22m')
      }
    },
  )

  test('are never in --json', async () => {
    const program = eventwire(['--json', '-'], { input: INPUT, env: { FORCE_COLOR: '1' } })
    await program.ended
    expect(program.out).toBe('{"event":"message","id":"","data":"a"}\n')
  })
})
