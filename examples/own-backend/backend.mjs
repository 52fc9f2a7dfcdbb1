// A server that believes the gate. It listens where only the gate can reach it: whoever reaches it
// directly can write any name into the header.
import { createServer } from 'node:http'

const { PORT = '9000' } = process.env

const server = createServer((request, response) => {
  const username = decodeURIComponent(request.headers['x-verified-username'] ?? 'stranger')
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ hello: username, path: request.url }))
})

server.listen(Number(PORT), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`)
})
