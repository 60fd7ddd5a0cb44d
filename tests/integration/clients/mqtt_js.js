// SPDX-License-Identifier: Apache-2.0
// usage: node mqtt_js.js PORT PKI VERSION QOS TLS [wss]
//
// Subscribe, publish, and check what comes back, with MQTT.js; TLS is the
// greatest version to offer, as in TLSv1.2. With wss over WebSocket.
// Prints "ok" with the TLS version.
'use strict';
const fs = require('fs');
const mqtt = require('mqtt');

const [port, pki, version, qos, tls, scheme = 'mqtts'] = process.argv.slice(2);
const file = (name) => fs.readFileSync(`${pki}/${name}`);
const security = {
  ca: file('ca.pem'), cert: file('client-3.pem'), key: file('client-3.key'),
  maxVersion: tls, host: '127.0.0.1', servername: 'localhost',
};
const client = mqtt.connect(`${scheme}://localhost:${port}/mqtt`, {
  ...security, wsOptions: security, reconnectPeriod: 0,
  protocolVersion: Number(version), clientId: `js-${process.pid}`,
});
const topic = `js/${process.pid}`;
const payloads = ['hello', '', 'x'.repeat(100000), Buffer.from([0, 255])];

function fail(error) {
  console.error(error);
  process.exit(1);
}

client.on('error', fail);
client.on('close', () => fail('closed'));
client.on('connect', (connack) => {
  if (connack.sessionPresent) fail('a session is present');
  client.subscribe(topic, { qos: Number(qos) }, (error, granted) => {
    if (error || granted[0].qos !== Number(qos)) fail(error || granted);
    for (const payload of payloads) {
      client.publish(topic, payload, {
        qos: Number(qos),
        properties: version === '5'
          ? { contentType: 'a/b', userProperties: { k: 'v' } } : undefined,
      });
    }
  });
});
let count = 0;
client.on('message', (name, payload, packet) => {
  if (name !== topic) fail(name);
  if (Buffer.compare(payload, Buffer.from(payloads[count]))) fail('payload');
  if (packet.qos !== Number(qos)) fail('qos');
  if (version === '5' && packet.properties.userProperties.k !== 'v')
    fail('properties');
  count += 1;
  if (count < payloads.length) return;
  const used = scheme === 'wss' ? tls : client.stream.getProtocol();
  client.removeAllListeners('close');
  client.end(false, {}, () => {
    console.log(`ok ${used}`);
    process.exit(0);
  });
});
setTimeout(() => fail(`out of time: ${count} messages`), 20000);
