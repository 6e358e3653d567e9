import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

export interface ReceivedMail {
	from: string;
	to: string[];
	/** Header and body as they were sent. */
	text: string;
}

export interface MailServer {
	port: number;
	/** Everything that came in, in order. */
	mails: ReceivedMail[];
	stop(): Promise<void>;
}

/** Takes mail from anybody for anybody, in plain SMTP (RFC 5321), and delivers none of it. */
export async function startMailServer(): Promise<MailServer> {
	const mails: ReceivedMail[] = [];
	const server = createServer((socket) => void converse(socket, mails).catch(() => socket.destroy()));
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	return {
		port: (server.address() as AddressInfo).port,
		mails,
		stop: async () => await new Promise<void>((resolve) => server.close(() => resolve())),
	};
}

async function converse(socket: Socket, mails: ReceivedMail[]): Promise<void> {
	const say = (line: string) => socket.write(`${line}\r\n`);
	let mail: ReceivedMail = { from: '', to: [], text: '' };
	let isText = false;
	say('220 mail.example.com');
	for await (const line of createInterface({ input: socket, crlfDelay: Infinity })) {
		if (isText) {
			isText = line !== '.';
			if (isText) {
				mail.text += `${line.replace(/^\./, '')}\n`;
				continue;
			}
			mails.push(mail);
			say('250 Taken');
			continue;
		}
		const [, command = '', address = ''] = /^(\S+(?: (?:FROM|TO))?)(?:[ :]*<(.*?)>)?/i.exec(line) ?? [];
		switch (command.toUpperCase()) {
			case 'MAIL FROM':
				mail = { from: address, to: [], text: '' };
				say('250 Go on');
				break;
			case 'RCPT TO':
				mail.to.push(address);
				say('250 Go on');
				break;
			case 'DATA':
				isText = true;
				say('354 End with a dot');
				break;
			case 'QUIT':
				say('221 Bye');
				socket.end();
				break;
			default:
				say('250 mail.example.com');
		}
	}
}
