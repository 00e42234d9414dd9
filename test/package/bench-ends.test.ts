// What a bench has started ends with it, and what it lacks is told before it starts anything.

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'

const urlOf = (file: string) =>
  JSON.stringify(new URL(`../../bench/runner/${file}`, import.meta.url))

/** Starts a program as the benches do, tells its id, and waits. */
const PROGRAM = `
  import { spawn } from 'node:child_process'
  import { stoppedAtExit } from ${urlOf('cleanup.js')}
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'])
  stoppedAtExit(() => child.kill())
  console.log(child.pid)
  setInterval(() => {}, 1_000)
`

/** Answers in code and text, as a shell with that limit of open files would run it. */
function withFiles(limit: number, program: string): string {
  const node = [process.execPath, '--input-type=module', '-e', program]
  return execFileSync('sh', ['-c', `ulimit -n ${limit} && exec "$0" "$@"`, ...node], {
    encoding: 'utf8',
  })
}

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s ends what a bench has started, too',
  async (signal) => {
    const bench = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM])
    const [output] = await once(bench.stdout, 'data')
    const pid = Number(String(output))
    bench.kill(signal)
    const [code] = await once(bench, 'close')
    expect(code).toBe(signal === 'SIGINT' ? 130 : 143)
    await expect.poll(() => isRunning(pid)).toBe(false)
  },
)

test('a limit of open files that is too low is named, with what it is to be', () => {
  const program = `
    import { needFiles } from ${urlOf('machine.js')}
    try { needFiles() } catch (error) { console.log(error.message) }
  `
  expect(withFiles(256, program)).toContain('of 3100 or more, got 256')
})

test('a program that is not there is named', () => {
  const program = `
    import { needProgram } from ${urlOf('machine.js')}
    needProgram('sh')
    try { needProgram('no-such-program') } catch (error) { console.log(error.message) }
  `
  expect(withFiles(256, program)).toContain('the program no-such-program in the PATH')
})

function isRunning(pid: number): boolean {
  const state = execFileSync('sh', ['-c', `ps -o stat= -p ${pid} || true`], { encoding: 'utf8' })
  return state.trim() !== '' && !state.startsWith('Z')
}
