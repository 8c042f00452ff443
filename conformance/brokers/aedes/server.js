// SPDX-License-Identifier: Apache-2.0
// aedes as its documentation sets it up, over TCP and over WebSocket: server.js TCP_PORT WEBSOCKET_PORT. Ends on SIGTERM.
import { createServer as createHttpServer } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import { Aedes } from 'aedes'
import { WebSocketServer, createWebSocketStream } from 'ws'

const [tcpPort, webSocketPort] = process.argv.slice(2).map(Number)
const broker = await Aedes.createBroker()

createTcpServer(broker.handle).listen(tcpPort, '127.0.0.1')

const http = createHttpServer()
new WebSocketServer({ server: http }).on('connection', (socket, request) => {
  broker.handle(createWebSocketStream(socket), request)
})
http.listen(webSocketPort, '127.0.0.1')
