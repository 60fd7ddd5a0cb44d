// SPDX-License-Identifier: Apache-2.0
// usage: node browser.js PORT CHROMIUM MQTT_JS
//
// Open the daemon's own page in headless Chromium, which shows the certificate
// that is in the key store of its HOME, run MQTT.js (the file for browsers) in
// it over wss, subscribe, publish, and check what comes back, in both versions.
// Prints "ok" with the client identifiers.
'use strict';
const { chromium } = require('playwright-core');

const [port, executablePath, mqttJs] = process.argv.slice(2);
const origin = `https://localhost:${port}`;

// Runs in the page.
function exchange({ url, version, clientId }) {
  return new Promise((resolve, reject) => {
    const topic = `browser/${clientId}`;
    const payloads = ['hello', '', 'x'.repeat(100000)];
    const client = mqtt.connect(url, {
      protocolVersion: version, clientId, reconnectPeriod: 0 });
    let count = 0;
    setTimeout(() => reject(new Error(`out of time: ${count}`)), 20000);
    client.on('error', reject);
    client.on('close', () => reject(new Error('closed')));
    client.on('connect', () => client.subscribe(topic, { qos: 1 }, (error) => {
      if (error) reject(error);
      for (const payload of payloads)
        client.publish(topic, payload, { qos: 1 });
    }));
    client.on('message', (name, payload) => {
      if (name !== topic || payload.toString() !== payloads[count])
        reject(new Error(`message ${count}`));
      count += 1;
      if (count < payloads.length) return;
      client.removeAllListeners('close');
      client.end(false, {}, () => resolve(clientId));
    });
  });
}

async function main() {
  const browser = await chromium.launchPersistentContext(
    `${process.env.HOME}/profile`, {
      executablePath, ignoreHTTPSErrors: true,
      args: ['--headless=new', '--no-sandbox', '--disable-gpu',
        '--disable-quic', '--no-first-run', '--disable-background-networking',
        '--disable-component-update', '--disable-sync'],
    });
  try {
    const page = await browser.newPage();
    const response = await page.goto(origin);
    if (response.status() !== 426) throw new Error(`${response.status()}`);
    await page.addScriptTag({ path: mqttJs });
    const done = [];
    for (const version of [4, 5])
      done.push(await page.evaluate(exchange, {
        url: `wss://localhost:${port}/mqtt`, version,
        clientId: `browser-${process.pid}-${version}` }));
    console.log('ok', ...done);
  } finally {
    await browser.close();
  }
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
