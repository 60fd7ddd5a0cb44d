// SPDX-License-Identifier: Apache-2.0
// usage: node page.js URL CHROMIUM FOLDER
//
// Open the page of the metrics role in headless Chromium, on a phone, dark, and
// on a desk, light. Prints a JSON list of what each saw, and leaves a
// picture of each in FOLDER.
'use strict';
const { chromium } = require('playwright-core');

const [url, executablePath, folder] = process.argv.slice(2);
const views = [
  { name: 'phone', colorScheme: 'dark', viewport: { width: 360, height: 740 } },
  { name: 'desk', colorScheme: 'light',
    viewport: { width: 1280, height: 900 } },
];
const timeout = 100000; // a slow machine is no fault

// Runs in the page.
function look() {
  const style = getComputedStyle(document.body);
  return {
    beyond: document.documentElement.scrollWidth - window.innerWidth,
    ground: style.backgroundColor,
    ink: style.color,
    titles: [...document.querySelectorAll('h2')].map((h2) => h2.innerText),
    hidden: [...document.querySelectorAll('h2, td, th, dd, dt')].filter(
      (cell) => cell.innerText !== '' && cell.clientHeight === 0).length,
  };
}

// It renews itself every few seconds: then the one looked at is gone.
async function lookAt(page) {
  for (;;) {
    try {
      return await page.evaluate(look);
    } catch (error) {
      if (!/context was destroyed|navigation/.test(error.message)) throw error;
      await page.waitForLoadState();
    }
  }
}

async function visit(browser, { name, colorScheme, viewport }) {
  const context = await browser.newContext({ viewport, colorScheme });
  context.setDefaultTimeout(timeout);
  const page = await context.newPage();
  const seen = { name, colorScheme, requests: [], errors: [] };
  page.on('request', (request) => seen.requests.push(request.url()));
  page.on('pageerror', (error) => seen.errors.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/favicon/.test(message.location().url))
      seen.errors.push(message.text());
  });
  const response = await page.goto(url);
  Object.assign(seen, { status: response.status() }, await lookAt(page));
  await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
  await context.close();
  return seen;
}

async function main() {
  const browser = await chromium.launch({
    executablePath, timeout,
    args: ['--headless=new', '--no-sandbox', '--disable-gpu',
      '--disable-background-networking', '--disable-component-update'],
  });
  try {
    const seen = [];
    for (const view of views) seen.push(await visit(browser, view));
    console.log(JSON.stringify(seen));
  } finally {
    await browser.close();
  }
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
