// Reads an event stream with fetch. An EventSource would do for the events, but keeps comments to itself.

/**
 * @typedef {object} Received
 * @property {'event' | 'comment'} type
 * @property {string} data
 * @property {string} id
 */

/**
 * Gives the events and comments of a response of this demo's server, whose lines all end with LF.
 *
 * @param {Response} response
 * @returns {AsyncGenerator<Received, void, void>}
 */
export async function* readEvents(response) {
  if (!response.ok || !response.body) throw new Error(`The server answered ${response.status}`)
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    const blocks = (text + value).split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) yield parseBlock(block)
  }
}

/**
 * @param {string} block - the lines of one event
 * @returns {Received}
 */
function parseBlock(block) {
  const lines = block.split('\n')
  const fields = (/** @type {string} */ name) =>
    lines.filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2))
  const data = fields('data')
  return {
    type: data.length > 0 ? 'event' : 'comment',
    data: data.join('\n'),
    id: fields('id').join(''),
  }
}
