// What the checks need, in a cache folder outside of git: the runtimes, the frameworks, the packed package, the app.

import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const HERE = fileURLToPath(new URL('.', import.meta.url))

const CACHE = join(ROOT, '.cache/runtimes')

const npm = (args, cwd) =>
  execFileSync('npm', [...args, '--silent', '--no-audit', '--no-fund'], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 300_000,
  })

/** Installs all of it, and gives the folder. What is there already is not fetched again. */
export function install() {
  mkdirSync(CACHE, { recursive: true })
  const stamp = join(CACHE, 'installed')
  const lock = readFileSync(join(HERE, 'package-lock.json'), 'utf8')
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock) {
    for (const file of ['package.json', 'package-lock.json']) {
      cpSync(join(HERE, file), join(CACHE, file))
    }
    npm(['ci', '--ignore-scripts'], CACHE)
    writeFileSync(stamp, lock)
  }
  const tarball = npm(['pack', '--pack-destination', CACHE], ROOT).trim().split('\n').at(-1)
  // Of the same name and version each time, npm would keep the one before.
  rmSync(join(CACHE, 'node_modules/eventwire'), { recursive: true, force: true })
  npm(['install', '--no-save', '--ignore-scripts', '--prefer-offline', `./${tarball}`], CACHE)
  rmSync(join(CACHE, 'app'), { recursive: true, force: true })
  cpSync(join(HERE, 'app'), join(CACHE, 'app'), { recursive: true })
  return CACHE
}
