//! A server that answers everything with one body: the emulator's list of 25 gateways. It is a process of its own.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use bytes::Bytes;
use runbeam_emulator::Emulator;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;

const IS_SERVER: &str = "RUNBEAM_BENCH_TALK_SERVER";

/// The server, until it is dropped.
pub(crate) struct Server {
    pub(crate) address: String,
    pub(crate) body: Bytes,
    process: Child,
}

impl Server {
    pub(crate) fn start() -> Self {
        let body = list_of_the_emulator();
        let mut process = Command::new(std::env::current_exe().unwrap())
            .env(IS_SERVER, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = process.stdin.take().unwrap();
        writeln!(input, "{}", body.len()).unwrap();
        input.write_all(&body).unwrap();
        let mut address = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut address)
            .unwrap();
        Self {
            address: address.trim().to_owned(),
            body,
            process,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn list_of_the_emulator() -> Bytes {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let cloud = Emulator::start().await.unwrap();
        let token = cloud.mint_sanctum_token();
        let client = runbeam_sdk::RunbeamClient::new(cloud.url()).with_token(&token);
        for number in 0..25 {
            let code = format!("edge-{number}");
            client
                .authorize_gateway(&token, code, None, None)
                .await
                .unwrap();
        }
        let request = http::Request::get(format!("{}/api/gateways?per_page=25", cloud.url()))
            .header("accept", "application/json")
            .header("authorization", format!("Bearer {token}"));
        let client = runbeam_sdk::http::HttpClient::builder().build().unwrap();
        let answer = client
            .send(request.body(Bytes::new()).unwrap())
            .await
            .unwrap();
        assert!(answer.status().is_success());
        answer.into_body()
    })
}

/// Whether this process is to be the server.
pub(crate) fn is_asked_for() -> bool {
    std::env::var_os(IS_SERVER).is_some()
}

/// Reads the body, tells the address, and answers until it is killed.
pub(crate) fn run() {
    let mut input = BufReader::new(std::io::stdin());
    let mut length = String::new();
    input.read_line(&mut length).unwrap();
    let mut body = vec![0; length.trim().parse().unwrap()];
    std::io::Read::read_exact(&mut input, &mut body).unwrap();
    let mut answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    answer.extend_from_slice(&body);
    let answer: Arc<[u8]> = answer.into();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}", listener.local_addr().unwrap());
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            tokio::spawn(serve(stream, answer.clone()));
        }
    });
}

async fn serve(mut stream: TcpStream, answer: Arc<[u8]>) {
    let mut request = Vec::with_capacity(4096);
    while stream
        .read_buf(&mut request)
        .await
        .is_ok_and(|read| read > 0)
    {
        if request.ends_with(b"\r\n\r\n") {
            request.clear();
            if stream.write_all(&answer).await.is_err() {
                return;
            }
        }
    }
}
