// A website for the whole ceremonies. Every name under .localhost is a site of its own, with accounts of its own:
// http://blue.localhost:PORT has the RP ID blue.localhost. What counts is judged by SimpleWebAuthn's server, never here.
//
// Writes {"port": N} to its output when it listens, and ends when its input does.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';

/** @type {Map<string, Site>} by RP ID */
const sites = new Map();

class Site {
  /** User name to user handle. */
  users = new Map();
  /** What is stored of each credential, with its user. */
  credentials = [];
  /** The options of the one ceremony that is under way. */
  pending = null;
  /** Every value that must not turn up in a log, in base64url. */
  remembered = [];
}

/**
 * What a test may ask of a registration; the rest is the library's default.
 * {user, displayName, residentKey, userVerification, attachment, hints, algorithms, exclude, extensions, timeout}
 */
async function creationOptions(site, rpID, asked) {
  const options = await generateRegistrationOptions({
    rpID,
    rpName: `Site ${rpID}`,
    userName: asked.user,
    userDisplayName: asked.displayName ?? `Display of ${asked.user}`,
    userID: site.users.get(asked.user),
    supportedAlgorithmIDs: asked.algorithms ?? [-7, -8, -257],
    excludeCredentials: asked.exclude ? site.credentials.map(({ id, transports }) => ({ id, transports })) : [],
    authenticatorSelection: {
      residentKey: asked.residentKey ?? 'required',
      userVerification: asked.userVerification ?? 'preferred',
      ...(asked.attachment && { authenticatorAttachment: asked.attachment }),
    },
    extensions: asked.extensions,
    timeout: asked.timeout,
  });
  if (asked.hints) options.hints = asked.hints;
  site.users.set(asked.user, Buffer.from(options.user.id, 'base64url'));
  site.pending = { asked, options };
  site.remembered.push(options.challenge, options.user.id);
  return options;
}

async function verifyCreation(site, rpID, origin, response) {
  const { asked, options } = take(site);
  const { verified, registrationInfo } = await verifyRegistrationResponse({
    response,
    expectedChallenge: options.challenge,
    expectedOrigin: origin,
    expectedRPID: rpID,
    requireUserVerification: asked.userVerification === 'required',
    supportedAlgorithmIDs: options.pubKeyCredParams.map(({ alg }) => alg),
  });
  if (!verified) return { verified };
  const { credential, aaguid, fmt, userVerified, credentialDeviceType, credentialBackedUp } = registrationInfo;
  site.credentials.push({ ...credential, user: asked.user });
  site.remembered.push(credential.id, Buffer.from(credential.publicKey).toString('base64url'));
  remember(site, response.clientExtensionResults);
  const { id, counter, transports } = credential;
  return {
    verified, id, counter, transports, aaguid, fmt, userVerified, credentialDeviceType, credentialBackedUp,
    attachment: response.authenticatorAttachment,
    algorithm: response.response.publicKeyAlgorithm,
    extensions: response.clientExtensionResults,
  };
}

/**
 * What a test may ask of a sign-in; the rest is the library's default.
 * {allow: credential ids, userVerification, hints, extensions, timeout}
 */
async function requestOptions(site, rpID, asked) {
  const options = await generateAuthenticationOptions({
    rpID,
    allowCredentials: asked.allow?.map((id) => ({ id, transports: site.credentials.find((c) => c.id === id)?.transports })),
    userVerification: asked.userVerification ?? 'preferred',
    extensions: asked.extensions,
    timeout: asked.timeout,
  });
  if (asked.hints) options.hints = asked.hints;
  site.pending = { asked, options };
  site.remembered.push(options.challenge);
  return options;
}

async function verifyRequest(site, rpID, origin, response) {
  const { asked, options } = take(site);
  const credential = site.credentials.find(({ id }) => id === response.id);
  if (!credential) throw new Error('no such credential at this site');
  const { verified, authenticationInfo } = await verifyAuthenticationResponse({
    response,
    credential,
    expectedChallenge: options.challenge,
    expectedOrigin: origin,
    expectedRPID: rpID,
    requireUserVerification: asked.userVerification === 'required',
  });
  if (!verified) return { verified };
  const { newCounter: counter, userVerified, credentialDeviceType, credentialBackedUp } = authenticationInfo;
  credential.counter = counter;
  remember(site, response.clientExtensionResults);
  site.remembered.push(response.response.signature);
  const handle = response.response.userHandle;
  return {
    verified, id: credential.id, user: credential.user, counter, userVerified, credentialDeviceType, credentialBackedUp,
    userHandleMatches: handle === undefined ? null : handle === site.users.get(credential.user).toString('base64url'),
    attachment: response.authenticatorAttachment,
    extensions: response.clientExtensionResults,
  };
}

/** A challenge is good for one answer. */
function take(site) {
  const pending = site.pending;
  site.pending = null;
  if (!pending) throw new Error('no ceremony is under way');
  return pending;
}

function remember(site, extensions) {
  const results = extensions?.prf?.results;
  if (results) site.remembered.push(...Object.values(results));
}

const page = await readFile(new URL('page.html', import.meta.url));

const server = createServer(async (request, response) => {
  const send = (status, type, body) => response.writeHead(status, { 'content-type': type }).end(body);
  const json = (status, value) => send(status, 'application/json', JSON.stringify(value));
  try {
    if (request.url === '/') return send(200, 'text/html; charset=utf-8', page);
    const { host } = request.headers;
    const rpID = host.replace(/:\d+$/, '');
    const site = sites.get(rpID) ?? sites.set(rpID, new Site()).get(rpID);
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = chunks.length ? JSON.parse(Buffer.concat(chunks).toString()) : {};
    switch (request.url) {
      case '/create/options': return json(200, await creationOptions(site, rpID, body));
      case '/create/verify': return json(200, await verifyCreation(site, rpID, `http://${host}`, body));
      case '/get/options': return json(200, await requestOptions(site, rpID, body));
      case '/get/verify': return json(200, await verifyRequest(site, rpID, `http://${host}`, body));
      case '/remembered': return json(200, [...sites.values()].flatMap((site) => site.remembered));
      default: return json(404, { error: 'NoSuchPage' });
    }
  } catch (error) {
    json(400, { error: 'Rejected', message: String(error.message) });
  }
});
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })));
process.stdin.resume().on('end', () => process.exit(0));
