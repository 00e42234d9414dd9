// A certificate for servers on this machine, made afresh for each run.

import { generate } from 'selfsigned'

let made: Promise<{ key: string; cert: string }> | undefined

export function certificate(): Promise<{ key: string; cert: string }> {
  made ??= generate([{ name: 'commonName', value: 'localhost' }], { keySize: 2048 }).then(
    ({ private: key, cert }) => ({ key, cert }),
  )
  return made
}
