// Puts released peers and this package through the same cases, and writes what came out into docs/comparison.md.
// @ts-check

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { clientCases } from './client-cases.js'
import { serverCases } from './server-cases.js'

const PAGE = new URL('../../docs/comparison.md', import.meta.url)
const BEGIN = '<!-- written by npm run comparison -->'
const END = '<!-- end of what is written -->'
const TIMEOUT_MS = 30_000
/** What a slow machine may run side by side without one case disturbing another. */
const AT_ONCE = 2

/** @typedef {import('./server-cases.js').Verdict} Verdict */

const { dependencies } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'))

/** @param {string} name */
const versionOf = (name) =>
  JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url), 'utf8'))
    .version

/** The peers, ours first. @param {'servers' | 'clients'} kind */
const peersOf = (kind) =>
  readdirSync(new URL(`${kind}/`, import.meta.url))
    .map((file) => file.replace('.js', ''))
    .sort((one, other) => Number(other === 'eventwire') - Number(one === 'eventwire'))

/**
 * @param {'servers' | 'clients'} kind
 * @param {string} peer
 * @param {string} name
 * @returns {Promise<Verdict>}
 */
async function judge(kind, peer, name) {
  const child = spawn(process.execPath, ['--expose-gc', 'case.js', kind, peer, name], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
  })
  let output = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    errors += text
  })
  const [code, signal] = await once(child, 'close')
  if (code === 0) return JSON.parse(output.trim().split('\n').at(-1) ?? '')
  if (signal === 'SIGKILL') return { pass: false, saw: `no end within ${TIMEOUT_MS / 1_000} s` }
  const error = /^\w*Error.*: .*$/m.exec(errors)?.[0] ?? errors.trim().split('\n').at(-1)
  return { pass: false, saw: `the process died: ${error}` }
}

/** @param {Verdict} verdict */
const signOf = ({ pass }) => (pass === undefined ? '–' : pass ? 'pass' : '**fail**')

/** A cell of a table in one line. @param {string} text */
const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ').replaceAll('<', '&lt;')

/**
 * @param {'servers' | 'clients'} kind
 * @param {Record<string, { title: string }>} cases
 */
async function tablesOf(kind, cases) {
  const peers = peersOf(kind)
  const names = Object.fromEntries(
    await Promise.all(
      peers.map(async (peer) => [peer, (await import(`./${kind}/${peer}.js`)).name]),
    ),
  )
  const jobs = Object.keys(cases).flatMap((name) => peers.map((peer) => ({ name, peer })))
  /** @type {Map<string, Verdict>} */
  const verdicts = new Map()
  const total = jobs.length
  const work = async () => {
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
      const verdict = await judge(kind, job.peer, job.name)
      verdicts.set(`${job.name} ${job.peer}`, verdict)
      console.log(
        `${verdicts.size}/${total} ${names[job.peer]}, ${job.name}: ${signOf(verdict)} (${verdict.saw})`,
      )
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  /** @param {string} name @param {string} peer */
  const verdictOf = (name, peer) => /** @type {Verdict} */ (verdicts.get(`${name} ${peer}`))
  const rows = Object.entries(cases).map(
    ([name]) => `| ${name} | ${peers.map((peer) => signOf(verdictOf(name, peer))).join(' | ')} |`,
  )
  const details = Object.entries(cases).map(([name, { title }]) =>
    [
      `**${name}**: ${title}.`,
      '',
      ...peers.map((peer) => {
        const verdict = verdictOf(name, peer)
        return `- ${names[peer]}: ${signOf(verdict)}: ${cell(verdict.saw)}`
      }),
    ].join('\n'),
  )
  return {
    failed: [...verdicts].filter(([key, { pass }]) => key.endsWith(' eventwire') && !pass),
    text: [
      `| | ${peers.map((peer) => names[peer]).join(' | ')} |`,
      `|---|${peers.map(() => '---|').join('')}`,
      ...rows,
      '',
      details.join('\n\n'),
    ].join('\n'),
  }
}

const servers = await tablesOf('servers', serverCases)
const clients = await tablesOf('clients', clientCases)

const versions = Object.keys(dependencies)
  .filter((name) => !['eventwire', 'eventsource-parser', 'fastify'].includes(name))
  .map((name) => `${name} ${versionOf(name)}`)
const written = [
  BEGIN,
  '',
  `Node.js ${process.version}; ${versions.join(', ')}.`,
  '',
  '## Servers',
  '',
  servers.text,
  '',
  '## Clients',
  '',
  clients.text,
  '',
  END,
].join('\n')

const page = readFileSync(PAGE, 'utf8')
writeFileSync(
  PAGE,
  page.slice(0, page.indexOf(BEGIN)) + written + page.slice(page.indexOf(END) + END.length),
)

const failed = [...servers.failed, ...clients.failed]
if (failed.length > 0) {
  console.error('eventwire has failed:', failed)
  process.exitCode = 1
}
