// SPDX-License-Identifier: Apache-2.0
// usage: node heartbeat.js HOST PORT CA CERT KEY INTERVAL_MS [COUNT]
//
// A client with a heartbeat (docs/heartbeat.md) beside its MQTT session, which
// is that of MQTT.js. It prints the round-trip time of each answer.
'use strict';

const crypto = require('crypto');
const dgram = require('dgram');
const fs = require('fs');
const net = require('net');
const mqtt = require('mqtt');

const [host, port, ca, cert, key, intervalMs, count] = process.argv.slice(2);
const QUESTION = 1, ANSWER = 2;
const TRIES = 4; // questions in an interval that has no answer
let answered = 0;

const tag = (secret, head) =>
    crypto.createHmac('sha256', secret).update(head).digest().subarray(0, 16);

class Heartbeat {
  constructor(offer) {
    this.handle = offer.handle;
    this.keys = new Map();
    this.waiting = new Set();
    this.sequence = 0n;
    this.silent = 0; // intervals
    this.isClosed = false;
    this.take(offer);
    this.socket = dgram.createSocket(net.isIPv6(host) ? 'udp6' : 'udp4');
    this.socket.on('message', (data) => this.receive(data));
    this.socket.on('error', () => {}); // as if it were lost
    this.socket.connect(offer.port, host, () => this.isClosed || this.begin());
  }

  // An offer for the same handle brings a new key.
  take(offer) {
    for (const number of this.keys.keys())
      if (number !== (offer.key_number + 255) % 256) this.keys.delete(number);
    this.keys.set(offer.key_number, Buffer.from(offer.key, 'base64'));
    this.keyNumber = offer.key_number;
    this.interval = offer.interval_ms;
    this.misses = offer.misses;
  }

  // One question in each interval; more, as long as there is no answer.
  begin() {
    this.first = this.sequence + 1n;
    this.hasAnswer = false;
    clearTimeout(this.again);
    this.ask(1);
    this.next = setTimeout(() => {
      if (++this.silent > this.misses / 2) // the session is asked as well
        client.unsubscribe('$signet', (error) => {
          if (!error) this.silent = 0;
        });
      this.begin();
    }, this.interval);
  }

  ask(tries) {
    if (tries === 3 && this.silent >= this.misses)
      return end('the server, or the way to it, is gone');
    const head = Buffer.alloc(32);
    head.set([1, QUESTION, 0, this.keyNumber]);
    head.write(this.handle, 4, 'hex');
    head.writeBigUInt64BE(++this.sequence, 12);
    head.writeBigUInt64BE(process.hrtime.bigint(), 20);
    this.waiting.add(this.sequence).delete(this.sequence - 64n);
    this.socket.send(
        Buffer.concat([head, tag(this.keys.get(this.keyNumber), head)]));
    if (tries < TRIES)
      this.again = setTimeout(() => this.hasAnswer || this.ask(tries + 1),
                              this.interval / TRIES);
  }

  receive(data) {
    if (data.length !== 48 || data[0] !== 1 || data[1] !== ANSWER ||
        data.toString('hex', 4, 12) !== this.handle) return;
    const secret = this.keys.get(data[3]);
    if (!secret || !crypto.timingSafeEqual(tag(secret, data.subarray(0, 32)),
                                           data.subarray(32))) return;
    const sequence = data.readBigUInt64BE(12);
    if (!this.waiting.delete(sequence)) return;
    const took = process.hrtime.bigint() - data.readBigUInt64BE(20);
    if (sequence >= this.first) this.hasAnswer = true;
    this.silent = 0;
    console.log(`${(Number(took) / 1e6).toFixed(3)} ms`);
    if (++answered === Number(count)) end();
  }

  close() {
    this.isClosed = true;
    clearTimeout(this.next);
    clearTimeout(this.again);
    this.socket.close();
  }
}

let beat = null, isEnded = false;
const client = mqtt.connect(`mqtts://${host}:${port}`, {
  ca: fs.readFileSync(ca), cert: fs.readFileSync(cert),
  key: fs.readFileSync(key), reconnectPeriod: 0,
});

function end(fault) {
  if (isEnded) return;
  isEnded = true;
  if (beat) beat.close();
  beat = null;
  client.end(Boolean(fault)); // of who is gone nothing is awaited
  if (fault) {
    console.error(fault);
    process.exitCode = 1;
  }
}

client.on('connect', () => client.subscribe(`$signet/heartbeat/${intervalMs}`));
client.on('error', (error) => end(error.message));
client.on('close', () => end('the session has ended'));
client.on('message', (topic, payload) => {
  const offer = JSON.parse(payload);
  if (beat && !offer.ended && offer.handle === beat.handle)
    return beat.take(offer);
  if (beat) beat.close();
  beat = offer.ended || offer.version !== 1 ? null : new Heartbeat(offer);
});
