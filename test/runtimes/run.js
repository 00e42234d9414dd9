// Runs every check on every server of every runtime, and holds docs/runtimes.md to what came of it.
//
// `--write` puts the tables on the page. Names select: `deno koa leaving` runs that check on that server alone.

import { join } from 'node:path'
import { provokeFault, runCheck } from './check-run.js'
import { install } from './installation.js'
import { limitOf } from './limits.js'
import { shows, tablesOf, write } from './page.js'
import { runPage } from './page-run.js'
import { runtimes, servers } from './runtimes.js'
import { startServer } from './server-process.js'

/** How many servers run beside each other. */
const SHORT_AT_ONCE = 4
const LONG_AT_ONCE = 6

const isWriting = process.argv.includes('--write')
const names = process.argv.slice(2).filter((name) => name !== '--write')

const cache = install()
const { checks } = await import(join(cache, 'app/checks.js'))

const known = [...runtimes.map(({ name }) => name), ...Object.keys(servers), ...Object.keys(checks)]
const unknown = names.filter((name) => !known.includes(name))
if (unknown.length > 0) {
  console.error(`Expected names out of ${known.join(', ')}, got ${unknown.join(', ')}`)
  process.exit(1)
}

/** Names of one kind select out of their kind; where none is given, all are meant. */
const isSelected = (name, kind) =>
  names.includes(name) || !names.some((other) => kind.includes(other))

const results = []

/** Runs checks one after the other on one server, started anew after one that failed. */
async function runJob({ runtime, server, jobChecks }) {
  const { protocol } = servers[server]
  const command = runtime.command(cache, server)
  let running
  try {
    for (const [name, check] of jobChecks) {
      if (running === undefined) {
        running = await startServer(command, cache)
        await provokeFault(running, protocol)
      }
      const problem = await runCheck(running, protocol, name, check)
      report({ runtime, server, check: name, problem })
      if (problem === undefined) continue
      await running.stop()
      running = undefined
    }
  } catch (error) {
    report({ runtime, server, check: 'start', problem: error.message })
  } finally {
    await running?.stop()
  }
}

function report({ runtime, server, check, problem }) {
  const limit = limitOf(runtime.name, server, check)
  const isFailed = limit ? !limit.problem.test(problem ?? '') : problem !== undefined
  results.push({ runtime: runtime.name, server, check, limit, isFailed })
  const mark = isFailed ? '✗' : limit ? '-' : '✓'
  console.log(`${mark} ${runtime.title}, ${server}: ${check}`)
  if (isFailed) console.log(problem ?? 'It passes: the limit in limits.js is gone.')
}

function jobsOf(runtime, server) {
  const concerned = Object.entries(checks).filter(
    ([name, { concerns }]) =>
      isSelected(name, Object.keys(checks)) &&
      (concerns?.({ runtime: runtime.name, server }) ?? true),
  )
  const short = concerned.filter(([, { isLong }]) => !isLong)
  const long = concerned.filter(([, { isLong }]) => isLong)
  return [...long.map((check) => [check]), short]
    .filter((jobChecks) => jobChecks.length > 0)
    .map((jobChecks) => ({ runtime, server, jobChecks, isLong: jobChecks[0][1].isLong ?? false }))
}

/** Runs jobs, so many beside each other. */
async function runAll(waiting, atOnce) {
  const next = async () => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) await runJob(job)
  }
  await Promise.all(Array.from({ length: atOnce }, next))
}

const allRuntimes = runtimes.map(({ name }) => name)
const jobs = runtimes
  .filter(({ name }) => isSelected(name, allRuntimes))
  .flatMap((runtime) =>
    runtime.servers
      .filter((server) => isSelected(server, Object.keys(servers)))
      .flatMap((server) => jobsOf(runtime, server)),
  )

// Long checks mostly wait: they run beside the others.
await Promise.all([
  runAll(
    jobs.filter(({ isLong }) => isLong),
    LONG_AT_ONCE,
  ),
  runAll(
    jobs.filter(({ isLong }) => !isLong),
    SHORT_AT_ONCE,
  ),
])

// The programs that stand on their pages, where nothing else than runtimes is named.
for (const runtime of runtimes) {
  const isMeant = names.every((name) => allRuntimes.includes(name))
  if (runtime.page === undefined || !isMeant || !isSelected(runtime.name, allRuntimes)) continue
  const command = runtime.command(cache, runtime.page)
  // workerd has no signals for its programs.
  const problem = await runPage(command, cache, { isEndedBySignal: runtime.name !== 'workerd' })
  report({ runtime, server: 'docs/adapters', check: 'page', problem })
}

const failed = results.filter(({ isFailed }) => isFailed).length
if (names.length === 0 && failed === 0) {
  const tables = tablesOf(results, checks)
  if (isWriting) write(tables)
  else if (!shows(tables)) {
    console.log('docs/runtimes.md shows something else: npm run test:runtimes -- --write')
    process.exitCode = 1
  }
}
console.log(`${results.length - failed} passed, ${failed} failed`)
if (failed > 0 || results.length === 0) process.exitCode = 1
