// Starts Redis, two nodes and nginx on this machine, and ends them all together.
// @ts-check

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** @import { ChildProcess } from 'node:child_process' */

const { HOST = '127.0.0.1', PORT = '8080' } = process.env
const LOCAL = '127.0.0.1'
/** How long a node that has ended stays away. */
const AWAY_MS = 5_000
const NODE = fileURLToPath(new URL('server.js', import.meta.url))

const front = await freePort(HOST, Number(PORT))
const [redis, one, two] = [await freePort(), await freePort(), await freePort()]
/** Redis and nginx keep their files here. */
const folder = await mkdtemp(join(tmpdir(), 'cluster-'))
/** The processes that run, in the order of their start. @type {Set<ChildProcess>} */
const children = new Set()
let isStopping = false
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, stop)

startProgram('redis-server', [
  ...['--port', `${redis}`, '--bind', LOCAL],
  ...['--dir', folder, '--appendonly', 'yes'],
])
startNode('one', one)
startNode('two', two)
await Promise.all([answers(LOCAL, one), answers(LOCAL, two)])
const config = join(folder, 'nginx.conf')
await writeFile(config, await nginxConfig())
startProgram('nginx', ['-p', folder, '-c', config, '-e', 'stderr', '-g', 'daemon off;'])
await answers(HOST, front)
console.log(`Cluster: http://${HOST}:${front}`)

/**
 * Starts what has to run all the time.
 *
 * @param {string} program
 * @param {string[]} args
 */
function startProgram(program, args) {
  const child = start(program, args)
  child.once('error', (error) => fail(`${program} cannot be started: ${error.message}`))
  child.once('exit', () => isStopping || fail(`${program} has ended`))
}

/**
 * @param {string} name
 * @param {number} port
 */
function startNode(name, port) {
  const child = start(process.execPath, [NODE], {
    NAME: name,
    HOST: LOCAL,
    PORT: `${port}`,
    REDIS_URL: `redis://${LOCAL}:${redis}`,
  })
  child.once('exit', async () => {
    if (isStopping) return
    console.log(`Node ${name} has ended, and starts again in ${AWAY_MS / 1_000} seconds`)
    await wait(AWAY_MS, undefined, { ref: false })
    if (!isStopping) startNode(name, port)
  })
}

/**
 * @param {string} program
 * @param {string[]} args
 * @param {Record<string, string>} env
 */
function start(program, args, env = {}) {
  const child = spawn(program, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
    // Ctrl+C reaches this process alone, which ends them in their order.
    detached: true,
  })
  children.add(child)
  for (const event of ['exit', 'error']) child.once(event, () => children.delete(child))
  return child
}

/** The template that the nginx image fills in, in a file that needs nothing of the system. */
async function nginxConfig() {
  const template = await readFile(new URL('nginx.conf.template', import.meta.url), 'utf8')
  /** @type {Record<string, string>} */
  const values = {
    FRONT: `${HOST}:${front}`,
    NODE_ONE: `${LOCAL}:${one}`,
    NODE_TWO: `${LOCAL}:${two}`,
  }
  const filled = template.replace(/\$\{(\w+)\}/g, (whole, name) => values[name] ?? whole)
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${join(folder, name)};`,
  )
  return `pid ${join(folder, 'nginx.pid')};
error_log stderr crit;
events {}
http {
access_log off;
${paths.join('\n')}
${filled}}
`
}

/**
 * Settles when a server answers; not at all when everything is being stopped.
 *
 * @param {string} host
 * @param {number} port
 */
async function answers(host, port) {
  for (;;) {
    const response = await fetch(`http://${host}:${port}/`).catch(() => undefined)
    await response?.text()
    if (response?.ok && !isStopping) return
    await wait(50)
  }
}

/** Gives a port that nothing listens on: the one that is asked for, or rejects. */
async function freePort(host = LOCAL, wanted = 0) {
  const server = createServer().listen(wanted, host)
  await once(server, 'listening')
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  server.close()
  await once(server, 'close')
  return port
}

/** @param {string} reason */
function fail(reason) {
  console.error(reason)
  process.exitCode = 1
  return stop()
}

/** Ends the newest first, so Redis last: the nodes need it to their end. */
async function stop() {
  if (isStopping) return
  isStopping = true
  for (const child of [...children].reverse()) {
    if (!children.has(child)) continue
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    await exited
  }
  await rm(folder, { recursive: true, force: true })
  process.exit()
}
