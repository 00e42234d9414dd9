// Serves a folder that a bundler has made, and an event stream to its page.

import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { openStream } from 'eventwire/node'

const [, , folder = '.'] = process.argv
const TYPES = { html: 'text/html', js: 'text/javascript' }

const server = createServer(async (req, res) => {
  const path = req.url === '/' ? '/index.html' : (req.url ?? '')
  if (path === '/feed') {
    const stream = openStream(req, res)
    stream.send({ event: 'greeting', data: 'hello' })
    await stream.end({ event: 'bye' })
    return
  }
  const content = await readFile(join(folder, path)).catch(() => undefined)
  res.writeHead(content ? 200 : 404, {
    'content-type': TYPES[path.split('.').at(-1)] ?? 'text/plain',
  })
  res.end(content)
})

server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`))
