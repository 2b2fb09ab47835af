// Reads what criterion measured last and prints each figure, with its ratio to those beside it in the same run.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const target = process.env.CARGO_TARGET_DIR ? pathToFileURL(`${process.env.CARGO_TARGET_DIR}/`) : new URL('../target/', import.meta.url);
const criterion = new URL('criterion/', target);

// Names are criterion's: group, then function. The goal is the highest ratio wanted.
const compared = [
  ['get_assertion', 'latchkey, vault, allow list', 'bare p256', 1.3],
  ['get_assertion', 'latchkey, vault, no list', 'bare p256', 1.3],
  ['get_assertion', 'latchkey, memory, allow list', 'bare p256', 1.3],
  ['get_assertion', 'latchkey, memory, no list', 'bare p256', 1.3],
  ['get_assertion', 'latchkey, vault, allow list', 'passkey-authenticator, allow list', 1],
  ['handshake', 'initiator, latchkey', 'initiator, snow'],
  ['handshake', 'responder, latchkey', 'responder, snow'],
];

// Nanoseconds. The median, because other programs only ever make it slower.
function median(group, name) {
  const folder = `${group}/${name}/new/estimates.json`;
  return JSON.parse(readFileSync(new URL(encodeURI(folder), criterion))).median.point_estimate;
}

const inMicroseconds = (nanoseconds) => (nanoseconds / 1000).toFixed(1);

console.log('| | µs | beside | µs | ratio | goal |\n| --- | ---: | --- | ---: | ---: | --- |');
for (const [group, name, beside, goal] of compared) {
  const [ours, theirs] = [median(group, name), median(group, beside)];
  const wanted = goal ? `≤ ${goal}: ${ours / theirs <= goal ? 'met' : 'MISSED'}` : '';
  const cells = [`${group}: ${name}`, inMicroseconds(ours), beside, inMicroseconds(theirs), (ours / theirs).toFixed(2), wanted];
  console.log(`| ${cells.join(' | ')} |`);
}
