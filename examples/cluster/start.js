// Starts Redis, two nodes and nginx on this machine, and ends them all together.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** @import { ChildProcess } from 'node:child_process' */

/** How long a node that has ended stays away. */
const AWAY_MS = 5_000

const folder = await mkdtemp(join(tmpdir(), 'eventwire-cluster-'))
/** @type {Set<ChildProcess>} */
const children = new Set()
let isStopping = false

const front = process.env.PORT === '0' ? await freePort() : Number(process.env.PORT ?? 8080)
const [redis, one, two] = [await freePort(), await freePort(), await freePort()]

process.once('SIGINT', stop)
process.once('SIGTERM', stop)

start('redis-server', [
  '--port',
  `${redis}`,
  '--bind',
  '127.0.0.1',
  '--dir',
  folder,
  '--appendonly',
  'yes',
])
startNode('one', one)
startNode('two', two)
await Promise.all([answers(one), answers(two)])
await writeFile(join(folder, 'nginx.conf'), await nginxConfig())
start('nginx', [
  '-p',
  folder,
  '-c',
  join(folder, 'nginx.conf'),
  '-e',
  'stderr',
  '-g',
  'daemon off;',
])
await answers(front)
console.log(`cluster: http://127.0.0.1:${front}  (Ctrl+C to stop)`)

/**
 * @param {string} name
 * @param {number} port
 */
function startNode(name, port) {
  const env = { NAME: name, PORT: `${port}`, REDIS_URL: `redis://127.0.0.1:${redis}` }
  const child = start(process.execPath, [fileURLToPath(new URL('node.js', import.meta.url))], env)
  child.once('exit', () => {
    if (isStopping) return
    console.log(`node ${name}: away for ${AWAY_MS / 1_000} seconds`)
    setTimeout(() => isStopping || startNode(name, port), AWAY_MS)
  })
}

/**
 * @param {string} program
 * @param {string[]} args
 * @param {Record<string, string>} env
 */
function start(program, args, env = {}) {
  const output = program === process.execPath ? 'inherit' : 'ignore'
  const child = spawn(program, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', output, 'inherit'],
  })
  children.add(child)
  child.once('exit', () => children.delete(child))
  child.once('error', (error) => {
    children.delete(child)
    console.error(`cluster: ${program} cannot be started: ${error.message}`)
    process.exitCode = 1
    stop()
  })
  return child
}

/** The same template that the nginx image fills in, in a file that needs nothing of the system. */
async function nginxConfig() {
  const template = await readFile(new URL('nginx.conf.template', import.meta.url), 'utf8')
  /** @type {Record<string, string>} */
  const values = {
    FRONT: `127.0.0.1:${front}`,
    NODE_ONE: `127.0.0.1:${one}`,
    NODE_TWO: `127.0.0.1:${two}`,
  }
  const filled = template.replace(/\$\{(\w+)\}/g, (whole, name) => values[name] ?? whole)
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${join(folder, name)};`,
  )
  return `pid ${join(folder, 'nginx.pid')};\nerror_log stderr crit;\nevents {}\nhttp {\naccess_log off;\n${paths.join('\n')}\n${filled}}\n`
}

/** @param {number} port */
async function answers(port) {
  while (!isStopping) {
    const response = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined)
    await response?.text()
    if (response?.ok) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  server.close()
  await once(server, 'close')
  return port
}

async function stop() {
  if (isStopping) return
  isStopping = true
  const ended = Array.from(children, (child) => {
    const exit = once(child, 'exit')
    child.kill('SIGTERM')
    return exit
  })
  await Promise.all(ended)
  await rm(folder, { recursive: true, force: true })
  process.exit()
}
