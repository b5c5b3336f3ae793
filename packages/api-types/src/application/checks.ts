import { badParameter } from '../bad-parameter.ts';
import { AppSpecV3, type AppV3 } from '../gen/teleport/types/app.ts';
import { checkLabelKeys, checkMetadata } from '../resources/metadata.ts';

const CLOUDS = new Set(['', 'AWS', 'Azure', 'GCP']);
const AWS_CONSOLES = [
  'https://console.aws.amazon.com',
  'https://console.amazonaws-us-gov.com',
  'https://console.amazonaws.cn',
];
const JWT_CLAIMS = new Set(['', 'roles-and-traits', 'roles', 'none', 'traits']);
const KUBE_PREFIX = 'kube-teleport-proxy-alpn.';

const quoted = (text: string): string => JSON.stringify(text);

/** @throws TeleportError `bad_parameter` */
export function checkApplication(application: AppV3): AppV3 {
  const Metadata = checkMetadata(application.Metadata);
  const name = quoted(Metadata.Name);
  const spec = application.Spec ?? AppSpecV3.create();
  checkLabelKeys(spec.DynamicLabels, `app ${name}`);
  if (spec.URI === '' && spec.Cloud === '') throw badParameter(`app ${name} URI is empty`);
  const URI = spec.URI || `cloud://${spec.Cloud}`;
  const Cloud = spec.Cloud || (AWS_CONSOLES.some((console) => URI.startsWith(console)) ? 'AWS' : '');
  if (!CLOUDS.has(Cloud)) throw badParameter(`app ${name} has unexpected Cloud value ${quoted(Cloud)}`);
  const host = spec.PublicAddr.replace(/^[a-z]*:?\/\//, '');
  if (host.startsWith(KUBE_PREFIX)) {
    throw badParameter(
      `app ${quoted(KUBE_PREFIX)} DNS prefix found in ${quoted(spec.PublicAddr)} public_url is reserved for internal usage`,
    );
  }
  const claims = spec.Rewrite?.JWTClaims ?? '';
  if (!JWT_CLAIMS.has(claims)) throw badParameter(`app ${name} has unexpected JWT rewrite value ${quoted(claims)}`);
  checkTcpPorts(URI, spec);
  return { ...application, Kind: 'app', Version: 'v3', Metadata, Spec: { ...spec, URI, Cloud } };
}

function checkTcpPorts(uri: string, { TCPPorts }: AppSpecV3): void {
  if (TCPPorts.length === 0 || !uri.startsWith('tcp://')) return;
  if (/:\d+$/.test(uri)) {
    throw badParameter(
      `TCP app URI ${quoted(uri)} must not include a port number when the app spec defines a list of ports`,
    );
  }
  const refuse = (what: string, least: number, got: number): Error =>
    badParameter(`validating a port range of a TCP app\n\t${what} must be between ${least} and 65535, but got ${got}`);
  for (const { Port, EndPort } of TCPPorts) {
    if (Port < 1 || Port > 65_535) throw refuse('port', 1, Port);
    if (EndPort !== 0 && (EndPort <= Port || EndPort > 65_535)) throw refuse('end port', Port + 1, EndPort);
  }
}
