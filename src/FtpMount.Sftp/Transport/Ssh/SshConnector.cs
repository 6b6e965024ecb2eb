using System.Collections;
using System.Globalization;
using System.Runtime.Versioning;
using FtpMount.Remote;
using Microsoft.Extensions.Logging;

namespace FtpMount.Sftp.Transport.Ssh;

/// <summary>
/// Connects by the system's <c>ssh</c>, so that everything in <c>~/.ssh/config</c>, the agent, FIDO keys, GSSAPI, ProxyJump and ControlMaster work. It runs without a
/// terminal in a session of its own and asks nothing (BatchMode), but for the password and the host key when the options have them: then it asks this process through
/// <see cref="AskpassServer"/>.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class SshConnector(SftpOptions options, TimeProvider time, ILogger logger) : ISftpConnector
{
    /// <summary>
    /// Twice as fast as chacha20-poly1305, OpenSSH's own first choice, where the processor has AES instructions. <c>^</c> puts them in front of ssh's list.
    /// </summary>
    private const string FastCiphers = "^aes128-gcm@openssh.com,aes256-gcm@openssh.com";

    /// <summary>Keepalives that may go unanswered before ssh gives the connection up, spread over half of the time-out.</summary>
    private const int KeepalivesPerLoss = 3;

    private static readonly TimeSpan LastWords = TimeSpan.FromMilliseconds(500);

    private readonly SemaphoreSlim _gate = new(1, 1);
    private bool? _hasOwnCiphers;
    private AskpassServer? _askpass;

    private bool NeedsAskpass => options.Password is not null || options.HostKey.Rule == HostKeyRule.Fingerprint;

    /// <summary>Whether the program is installed: found in PATH.</summary>
    public static bool IsInstalled(string program) =>
        program.Contains('/', StringComparison.Ordinal)
            ? File.Exists(program)
            : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => folder.Length > 0 && File.Exists(Path.Combine(folder, program)));

    /// <inheritdoc/>
    public async ValueTask<ISftpTransport> ConnectAsync(CancellationToken cancellationToken)
    {
        var command = Command();
        var hasOwnCiphers = await HasOwnCiphersAsync(command, cancellationToken).ConfigureAwait(false);
        AskpassQuestion? question = null;
        if (NeedsAskpass)
        {
            _askpass ??= AskpassServer.Start(logger);
            question = _askpass.Expect(options.Password, options.HostKey.Fingerprint);
        }

        try
        {
            var debug = options.Verbose ? new SshDebugOutput() : null;
            var process = Start([.. command, .. Arguments(hasOwnCiphers)], question, debug);
            return new SshTransport(process, $"{Path.GetFileName(command[0])} (process {process.ProcessId})", debug, time, ExplainAsync);
        }
        catch (IOException e)
        {
            throw new RemoteException(RemoteError.Unsupported, $"{e.Message}. Install the OpenSSH client, or mount with transport=builtin.", e);
        }

        async ValueTask<RemoteException> ExplainAsync(SshProcess process)
        {
            // Closing its input ends it also when only its output is gone.
            await process.Input.DisposeAsync().ConfigureAwait(false);
            var exitCode = await process.WaitForExitAsync(LastWords).ConfigureAwait(false);
            question?.Dispose();
            return SshFailure.Explain(options, process.ErrorText, exitCode);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_askpass is not null)
            await _askpass.DisposeAsync().ConfigureAwait(false);
        _gate.Dispose();
    }

    private List<string> Command()
    {
        if (options.SshCommand is not { } written)
            return ["ssh"];
        try
        {
            var words = ShellWords.Split(written);
            return words.Count > 0 ? words : throw new FormatException("It is empty.");
        }
        catch (FormatException e)
        {
            throw new RemoteException(RemoteError.Unsupported, $"ssh-command={written}: {e.Message}", e);
        }
    }

    /// <summary>
    /// Options of the command and then of these arguments: for ssh the first value of an option counts, and all of them come before its configuration files.
    /// </summary>
    private List<string> Arguments(bool hasOwnCiphers)
    {
        List<string> result = options.Verbose ? ["-v"] : [];
        void Option(string name, string value) => result.AddRange(["-o", $"{name}={value}"]);
        if (options.Port is { } port)
            result.AddRange(["-p", port.ToString(CultureInfo.InvariantCulture)]);
        if (options.User is { } user)
            result.AddRange(["-l", user]);
        foreach (var file in options.IdentityFiles)
            result.AddRange(["-i", file]);
        if (options.IdentityFiles.Count > 0)
            Option("IdentitiesOnly", "yes"); // else the agent's keys come first, and servers end the login after a few
        if (!hasOwnCiphers)
            Option("Ciphers", FastCiphers);
        switch (options.HostKey.Rule)
        {
            case HostKeyRule.AcceptNew:
                Option("StrictHostKeyChecking", "accept-new");
                break;
            case HostKeyRule.Fingerprint:
                // The key is unknown to ssh then, so it asks, and takes the fingerprint as the answer.
                Option("StrictHostKeyChecking", "ask");
                Option("UserKnownHostsFile", "/dev/null");
                Option("GlobalKnownHostsFile", "/dev/null");
                Option("UpdateHostKeys", "no");
                break;
            case HostKeyRule.Ask:
                Option("StrictHostKeyChecking", "ask"); // without a terminal: refused
                break;
        }

        Option("BatchMode", NeedsAskpass ? "no" : "yes");
        if (options.Password is not null)
            Option("NumberOfPasswordPrompts", "1");
        Option("ConnectTimeout", Seconds(options.Timeout).ToString(CultureInfo.InvariantCulture));
        Option("ServerAliveInterval", Seconds(options.Timeout / 2 / KeepalivesPerLoss).ToString(CultureInfo.InvariantCulture));
        Option("ServerAliveCountMax", KeepalivesPerLoss.ToString(CultureInfo.InvariantCulture));

        // As sftp(1) does: nothing of this connection is for anything else.
        Option("ForwardX11", "no");
        Option("ForwardAgent", "no");
        Option("PermitLocalCommand", "no");
        Option("ClearAllForwardings", "yes");
        Option("RemoteCommand", "none");
        Option("RequestTTY", "no");
        Option("EscapeChar", "none");
        result.AddRange(["-s", "--", options.Host, "sftp"]);
        return result;
    }

    private static int Seconds(TimeSpan time) => Math.Max(1, (int)Math.Round(time.TotalSeconds));

    private SshProcess Start(List<string> arguments, AskpassQuestion? question, SshDebugOutput? debug)
    {
        logger.LogDebug("Starting {Command}", string.Join(' ', arguments));
        return SshProcess.Start(arguments, Environments(question), time, line =>
        {
            logger.LogDebug("ssh: {Line}", line);
            debug?.Note(line);
        });
    }

    private static List<string> Environments(AskpassQuestion? question)
    {
        var result = new List<string>();
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            var name = (string)variable.Key;
            if (!name.StartsWith("SSH_ASKPASS", StringComparison.Ordinal) && !name.StartsWith("FTPMOUNT_", StringComparison.Ordinal))
                result.Add($"{name}={variable.Value}");
        }

        if (question is not null)
            result.AddRange(question.Environment);
        return result;
    }

    /// <summary>Whether the user's configuration names ciphers: then they are not touched. Found out once, by comparing what ssh would use with and without it.</summary>
    private async ValueTask<bool> HasOwnCiphersAsync(List<string> command, CancellationToken cancellationToken)
    {
        if (_hasOwnCiphers is { } known)
            return known;
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_hasOwnCiphers is null)
            {
                List<string> target = options.User is { } user ? ["-l", user] : [];
                var configured = await CiphersAsync([.. command, .. target, "-G", "--", options.Host], cancellationToken).ConfigureAwait(false);
                var defaults = await CiphersAsync(["ssh", "-F", "none", "-G", "--", options.Host], cancellationToken).ConfigureAwait(false);
                _hasOwnCiphers = configured is null || defaults is null || configured != defaults;
            }

            return _hasOwnCiphers.Value;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>The line about ciphers of <c>ssh -G</c>, which prints the configuration for a host and ends; null when the command is no such ssh.</summary>
    private async ValueTask<string?> CiphersAsync(List<string> arguments, CancellationToken cancellationToken)
    {
        try
        {
            var process = SshProcess.Start(arguments, Environments(null), time, static _ => { });
            await using (process.ConfigureAwait(false))
            {
                using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(5), time);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
                using var reader = new StreamReader(process.Output, leaveOpen: true);
                string? found = null;
                while (await reader.ReadLineAsync(either.Token).ConfigureAwait(false) is { } line)
                {
                    if (line.StartsWith("ciphers ", StringComparison.OrdinalIgnoreCase))
                        found = line;
                }

                return found;
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }
}
