// Reads an event stream with fetch: an EventSource can send no POST.

/**
 * Gives the data of each event. It knows what this server writes, lines of `data: ` that end with LF, and no more.
 *
 * @param {Response} response
 * @returns {AsyncGenerator<string, void, void>}
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
    for (const block of blocks) {
      const lines = block.split('\n').filter((line) => line.startsWith('data: '))
      if (lines.length > 0) yield lines.map((line) => line.slice('data: '.length)).join('\n')
    }
  }
}
