// A real proxy as a process of its own, with one of the configs that docs/proxies.md shows.
// @ts-check

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * What a machine has around a site's config, and how the program is started on both.
 *
 * @typedef {object} Product
 * @property {'nginx' | 'haproxy' | 'caddy' | 'apache2' | 'varnishd'} program
 * @property {string} [main] - the main config, which includes the site's
 * @property {(port: number, folder: string) => string[]} args
 */

/** @type {Product} */
const nginx = {
  program: 'nginx',
  main: `
    daemon off;
    worker_processes 1;
    pid nginx.pid;
    events { worker_connections 2048; }
    http {
      access_log off;
      client_body_temp_path body;
      proxy_temp_path proxy;
      fastcgi_temp_path fastcgi;
      uwsgi_temp_path uwsgi;
      scgi_temp_path scgi;
      include site;
    }`,
  args: () => ['-p', '.', '-e', 'stderr', '-c', 'main'],
}

/** @type {Product} */
const haproxy = { program: 'haproxy', args: () => ['-db', '-f', 'site'] }

/** @type {Product} */
const caddy = {
  program: 'caddy',
  main: '{\n  admin off\n  grace_period 100ms\n}\nimport site\n',
  args: () => ['run', '--config', 'main', '--adapter', 'caddyfile'],
}

const APACHE_MODULES = [
  'mpm_event',
  'authz_core',
  'proxy',
  'proxy_http',
  'proxy_balancer',
  'lbmethod_byrequests',
  'slotmem_shm',
]

/** @type {Product} */
export const apache2 = {
  program: 'apache2',
  main: `
    DefaultRuntimeDir .
    PidFile httpd.pid
    ErrorLog error.log
    ServerName localhost
    ${APACHE_MODULES.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
    Include site`,
  args: () => ['-D', 'FOREGROUND', '-d', '.', '-f', 'main'],
}

/** @type {Product} */
export const varnishd = {
  program: 'varnishd',
  args: (port, folder) => [
    ...['-F', '-n', folder, '-j', 'none', '-a', `127.0.0.1:${port}`, '-f', join(folder, 'site')],
    ...['-s', 'malloc,16m', '-p', 'vsl_space=1M'],
  ],
}

/** @type {Record<string, Product>} */
export const PRODUCTS = {
  'nginx.conf': nginx,
  'nginx-plain.conf': nginx,
  'nginx-gzip.conf': nginx,
  'nginx-http2.conf': nginx,
  'nginx-timeout.conf': nginx,
  'nginx-twice.conf': nginx,
  'haproxy.cfg': haproxy,
  Caddyfile: caddy,
  'Caddyfile-encode': caddy,
  'apache.conf': apache2,
  'varnish.vcl': varnishd,
}

const CONFIGS = new URL('configs/', import.meta.url)

/** Debian's unprivileged user, for a run by root. */
const NOBODY = 65_534

const ATTEMPTS = 5

/**
 * What a proxy is started with.
 *
 * @typedef {object} ProxyOptions
 * @property {string} path - the program
 * @property {readonly [number, number]} ports - of the servers
 * @property {{ key: string, cert: string }} [certificate]
 */

/**
 * Starts a proxy before two servers.
 *
 * @param {string} config - the name of a file in `configs/`
 * @param {ProxyOptions} options
 */
export async function startProxy(config, options) {
  const site = await readFile(new URL(config, CONFIGS), 'utf8')
  return startSite(/** @type {Product} */ (PRODUCTS[config]), site, options)
}

/**
 * Starts a proxy with the text of a config.
 *
 * @param {Product} product
 * @param {string} site
 * @param {ProxyOptions} options
 */
export async function startSite(product, site, options) {
  for (let attempt = 1; ; attempt++) {
    const [port, inner] = await freePorts()
    const folder = await makeFolder(options.certificate)
    // The page's addresses and paths give way to this run's: nothing else is changed.
    await writeFile(
      join(folder, 'site'),
      site
        .replaceAll('8080', `${port}`)
        .replaceAll('8081', `${inner}`)
        .replaceAll('3001', `${options.ports[0]}`)
        .replaceAll('3002', `${options.ports[1]}`)
        .replaceAll('/etc/ssl/certs/events.pem', join(folder, 'cert'))
        .replaceAll('/etc/ssl/private/events.key', join(folder, 'key')),
    )
    const { program, main, args } = product
    if (main !== undefined) await writeFile(join(folder, 'main'), main)
    const child = spawn(options.path, args(port, folder), {
      cwd: folder,
      env: { PATH: process.env.PATH, HOME: folder, TMPDIR: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}),
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text
      })
    }
    const exited = once(child, 'close')
    const stop = async () => {
      child.kill()
      await exited
      await rm(folder, { recursive: true, force: true })
    }
    const hasExited = exited.then(() => false)
    if (await Promise.race([accepts(port, exited), hasExited])) {
      return { port, stop, output: () => output }
    }
    await stop()
    // The port may have been taken meanwhile by somebody else.
    if (attempt === ATTEMPTS) throw new Error(`${program} has ended:\n${output}`)
  }
}

/** @param {{ key: string, cert: string } | undefined} certificate */
async function makeFolder(certificate) {
  const folder = await mkdtemp(join(tmpdir(), 'eventwire-proxy-'))
  if (process.getuid?.() === 0) await chown(folder, NOBODY, NOBODY)
  await chmod(folder, 0o755)
  for (const [name, text] of Object.entries(certificate ?? {})) {
    await writeFile(join(folder, name), text)
  }
  return folder
}

/**
 * Two ports that were free a moment ago.
 *
 * @returns {Promise<[number, number]>}
 */
async function freePorts() {
  const servers = [createServer(), createServer()]
  for (const server of servers) await once(server.listen(0, '127.0.0.1'), 'listening')
  const ports = servers.map((server) => server.address())
  for (const server of servers) await once(server.close(), 'close')
  return /** @type {never} */ (ports.map((address) => Object(address).port))
}

/**
 * Waits until somebody accepts connections, or the process has ended.
 *
 * @param {number} port
 * @param {Promise<unknown>} exited
 */
async function accepts(port, exited) {
  let isOver = false
  void exited.then(() => {
    isOver = true
  })
  while (!isOver) {
    const socket = connect(port, '127.0.0.1')
    const isAccepted = await new Promise((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    })
    socket.destroy()
    if (isAccepted) return true
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return false
}
