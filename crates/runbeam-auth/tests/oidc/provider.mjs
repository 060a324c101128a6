// A real OpenID Connect provider for the tests: npm's `oidc-provider`, which nobody here wrote.
//
//   node provider.mjs PATH-OF-THE-PACKAGE
//
// prints `ready ISSUER` and ends with its standard input. A client `machine`, `machine-secret` gets JWT access tokens
// (RFC 9068) for the audience that it names as `resource` (RFC 8707), signed with RS256 by the first key.
// `POST /test/rotate` puts a new key in front, `POST /test/withdraw` leaves no other than the first.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import http from 'node:http';
import { pathToFileURL } from 'node:url';

const { Provider } = await import(pathToFileURL(`${process.argv[2]}/lib/index.js`));

const newKey = () => ({
  ...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }),
  kid: randomUUID(), use: 'sig', alg: 'RS256',
});
let keys = [newKey()];
let issuer;

// The provider takes its keys once, so that new keys are a new provider of the same name.
const provider = () => new Provider(issuer, {
  jwks: { keys },
  clients: [{
    client_id: 'machine', client_secret: 'machine-secret', grant_types: ['client_credentials'],
    redirect_uris: [], response_types: [],
  }],
  cookies: { keys: [randomUUID()] },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_context, audience) => ({
        audience, scope: 'api', accessTokenTTL: 3600, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } },
      }),
    },
  },
}).callback();

const changes = {
  '/test/rotate': () => [newKey(), ...keys],
  '/test/withdraw': () => keys.slice(0, 1),
};
let answer;
const server = http.createServer((request, response) => {
  const change = request.method === 'POST' && changes[request.url];
  if (!change) return answer(request, response);
  keys = change();
  answer = provider();
  response.end();
});
server.listen(0, '127.0.0.1', () => {
  issuer = `http://127.0.0.1:${server.address().port}`;
  answer = provider();
  console.log(`ready ${issuer}`);
});
process.stdin.on('end', () => process.exit()).resume();
