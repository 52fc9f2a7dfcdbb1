// A notebook's server as it runs in its container: it trusts the gate's word on who is there.
import { createServer } from 'node:http'

const server = createServer((request, response) => {
  const user = decodeURIComponent(request.headers['x-verified-username'] ?? 'somebody')
  response.setHeader('content-type', 'text/plain; charset=utf-8')
  response.end(`${process.env.TITLE ?? 'A notebook'}, opened by ${user}\n`)
})
server.listen(8080)
process.on('SIGTERM', () => server.close())
