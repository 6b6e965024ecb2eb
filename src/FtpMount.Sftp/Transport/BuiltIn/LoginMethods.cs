using FtpMount.Remote;
using FtpMount.Sftp.Keys;
using Renci.SshNet;
using Renci.SshNet.Common;

namespace FtpMount.Sftp.Transport.BuiltIn;

/// <summary>
/// The ways to log in to one host, in OpenSSH's order: keys, keyboard-interactive, password. The password that was given is also the answer to a keyboard-interactive question
/// for one; other questions go to the person at the terminal.
/// </summary>
internal sealed class LoginMethods : IDisposable
{
    private readonly string _host;
    private readonly string _user;
    private readonly string? _password;
    private readonly ISshPrompter? _prompter;
    private readonly IdentitySource _identities;
    private readonly List<AuthenticationMethod> _methods = [];
    private bool _passwordUsed;
    private string? _unanswered;

    /// <summary>Creates the methods.</summary>
    /// <param name="host">The host for questions.</param>
    /// <param name="user">Who logs in.</param>
    /// <param name="password">The password; null when none was given.</param>
    /// <param name="identities">The keys.</param>
    /// <param name="prompter">Who is asked; null for nobody.</param>
    public LoginMethods(string host, string user, string? password, IdentitySource identities, ISshPrompter? prompter)
    {
        _host = host;
        _user = user;
        _password = password;
        _prompter = prompter;
        _identities = identities;
        _methods.Add(new KeyMethod(user, identities));
        if (password is null && prompter is not { IsAvailable: true })
            return;
        var interactive = new KeyboardInteractiveAuthenticationMethod(user);
        interactive.AuthenticationPrompt += (_, e) => Answer(e);
        _methods.Add(interactive);
        _methods.Add(new PasswordMethod(host, user, password, prompter));
    }

    /// <summary>The methods in order.</summary>
    public AuthenticationMethod[] InOrder => [.. _methods];

    /// <summary>What a failed login means.</summary>
    /// <param name="exception">What SSH.NET says.</param>
    public RemoteException Explain(Exception exception)
    {
        var offered = Offered(exception);
        var parts = new List<string> { $"{_host} does not let {_user} in{(offered.Count > 0 ? $" (it offers {string.Join(", ", offered)})" : "")}." };
        var tried = new List<string>(_identities.Tried);
        if (_passwordUsed || _methods.OfType<PasswordMethod>().Any(method => method.WasTried))
            tried.Add("the password");
        parts.Add(tried.Count > 0 ? $"Tried: {string.Join(", ", tried)}." : "There was nothing to try.");
        if (_identities.Skipped.Count > 0)
            parts.Add($"Not used: {string.Join("; ", _identities.Skipped)}.");
        if (_unanswered is not null)
            parts.Add($"The server asked \"{_unanswered}\", and there is no terminal to answer at.");
        parts.Add(Advice(offered));
        return new RemoteException(RemoteError.AuthenticationFailed, string.Join(' ', parts), exception) { ServerReply = Printable(exception.Message) };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var method in _methods)
            method.Dispose();
    }

    private static string Printable(string text) => new([.. text.Select(c => char.IsControl(c) ? '?' : c)]);

    private string Advice(List<string> offered)
    {
        var takesPasswords = offered.Contains("password") || offered.Contains("keyboard-interactive");
        var takesKeys = offered.Contains("publickey");
        return (takesPasswords, takesKeys, _password is not null) switch
        {
            (true, _, false) => "Check the user name and the key, or give the password (password-file=FILE).",
            (true, _, true) => "Check the user name and the password.",
            (false, true, true) => "This server wants a key: name it with identity-file=FILE, or add it to the agent (ssh-add).",
            (false, true, false) => "Check the user name; name the key with identity-file=FILE, or add it to the agent (ssh-add).",
            _ => "Check the user name. Perhaps 'transport=ssh' knows the method that the server wants.",
        };
    }

    /// <summary>The methods that the server would go on with: the last failure has them; when none fits, SSH.NET names them in parentheses.</summary>
    private List<string> Offered(Exception exception)
    {
        foreach (var method in Enumerable.Reverse(_methods))
        {
            if (method.AllowedAuthentications is { Length: > 0 } allowed)
                return [.. allowed.Select(Printable)];
        }

        var message = exception.Message;
        var open = message.LastIndexOf('(');
        var close = message.LastIndexOf(')');
        return message.StartsWith("No suitable", StringComparison.Ordinal) && open >= 0 && close > open ? [.. message[(open + 1)..close].Split(',').Select(Printable)] : [];
    }

    /// <summary>One question that is not echoed is that for the password (RFC 4256 says nothing of what is asked for; OpenSSH's askpass guesses the same).</summary>
    private void Answer(AuthenticationPromptEventArgs e)
    {
        foreach (var prompt in e.Prompts)
        {
            if (!prompt.IsEchoed && _password is not null && !_passwordUsed && IsForPassword(prompt.Request, e.Prompts.Count))
            {
                _passwordUsed = true;
                prompt.Response = _password;
                continue;
            }

            var question = string.Join('\n', new[] { e.Instruction, $"({_user}@{_host}) {prompt.Request}" }.Where(text => !string.IsNullOrWhiteSpace(text)).Select(Printable));
            var answer = _prompter?.Ask(question, !prompt.IsEchoed);
            if (answer is null)
                _unanswered = Printable(prompt.Request.Trim());
            prompt.Response = answer ?? "";
        }
    }

    private static bool IsForPassword(string request, int count) => count == 1 || request.Contains("password", StringComparison.OrdinalIgnoreCase);
}
