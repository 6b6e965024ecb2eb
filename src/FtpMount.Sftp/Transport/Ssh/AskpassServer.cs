using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;

namespace FtpMount.Sftp.Transport.Ssh;

/// <summary>
/// Answers what <c>ssh</c> asks for, over a socket in a folder that only this user can enter: ssh starts this program once more as its askpass program
/// (<see cref="AskpassClient"/>), which hands the prompt over and prints the answer. So no secret is in an argument, an environment or a file.
/// </summary>
internal sealed class AskpassServer : IAsyncDisposable
{
    private const int LongestLine = 4096;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, AskpassQuestion> _questions = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stopping = new();
    private readonly DirectoryInfo _directory;
    private readonly Socket _listener;
    private readonly ILogger _logger;
    private readonly Task _accepting;

    private AskpassServer(ILogger logger)
    {
        _logger = logger;
        _directory = Directory.CreateTempSubdirectory("ftpmount-askpass-"); // mode 0700
        SocketPath = Path.Combine(_directory.FullName, "s");
        _listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        _listener.Bind(new UnixDomainSocketEndPoint(SocketPath));
        _listener.Listen();
        _accepting = AcceptAsync();
    }

    /// <summary>Where it listens.</summary>
    public string SocketPath { get; }

    /// <summary>What ssh starts: this program.</summary>
    public string Program { get; } = Environment.ProcessPath ?? "ftpmount";

    /// <summary>Starts listening.</summary>
    public static AskpassServer Start(ILogger logger) => new(logger);

    /// <summary>A process that may ask is about to be started.</summary>
    public AskpassQuestion Expect(string? password, string? fingerprint)
    {
        var question = new AskpassQuestion(this, password, fingerprint);
        _questions[question.Token] = question;
        return question;
    }

    /// <summary>The process of a question has ended.</summary>
    public void Forget(AskpassQuestion question) => _questions.TryRemove(question.Token, out _);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        _listener.Dispose();
        await _accepting.ConfigureAwait(false);
        try
        {
            _directory.Delete(recursive: true);
        }
        catch (IOException e)
        {
            _logger.LogDebug("{Directory} is left behind: {Message}", _directory.FullName, e.Message);
        }

        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                using var client = await _listener.AcceptAsync(_stopping.Token).ConfigureAwait(false);
                using var deadline = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
                deadline.CancelAfter(Patience);
                await AnswerAsync(client, deadline.Token).ConfigureAwait(false);
            }
            catch (Exception e) when (e is SocketException or IOException or OperationCanceledException or ObjectDisposedException)
            {
                if (!_stopping.IsCancellationRequested)
                    _logger.LogDebug("A question of ssh was not answered: {Message}", e.Message);
            }
        }
    }

    /// <summary>Token and prompt, one line each; the answer is one line, or nothing.</summary>
    private async Task AnswerAsync(Socket client, CancellationToken cancellationToken)
    {
        var received = new byte[LongestLine];
        var length = 0;
        while (length < received.Length && received.AsSpan(0, length).Count((byte)'\n') < 2)
        {
            var count = await client.ReceiveAsync(received.AsMemory(length), cancellationToken).ConfigureAwait(false);
            if (count == 0)
                return;
            length += count;
        }

        var lines = Encoding.UTF8.GetString(received, 0, length).Split('\n');
        if (lines.Length < 2 || !_questions.TryGetValue(lines[0], out var question))
            return;
        var answer = question.Answer(lines[1]);
        _logger.LogDebug("ssh asks: {Prompt} ({Outcome})", lines[1], answer is null ? "no answer" : "answered");
        if (answer is not null)
            await client.SendAsync(Encoding.UTF8.GetBytes(answer + "\n"), cancellationToken).ConfigureAwait(false);
    }
}
