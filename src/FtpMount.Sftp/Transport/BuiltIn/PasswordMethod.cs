using FtpMount.Remote;
using Renci.SshNet;
using SshSession = Renci.SshNet.Session;

namespace FtpMount.Sftp.Transport.BuiltIn;

/// <summary>The method <c>password</c> (RFC 4252 section 8), which asks for the password only when the server has come to it.</summary>
internal sealed class PasswordMethod(string host, string user, string? password, ISshPrompter? prompter) : AuthenticationMethod(user)
{
    /// <summary>How often a person may mistype, as in OpenSSH.</summary>
    private const int Attempts = 3;

    /// <inheritdoc/>
    public override string Name => "password";

    /// <summary>Whether a password was sent.</summary>
    public bool WasTried { get; private set; }

    /// <inheritdoc/>
    public override AuthenticationResult Authenticate(SshSession session)
    {
        var result = AuthenticationResult.Failure;
        for (var attempt = 0; attempt < (password is null ? Attempts : 1) && result == AuthenticationResult.Failure; attempt++)
        {
            if ((password ?? prompter?.Ask($"Password for {Username} on {host}: ", isSecret: true)) is not { } text)
                break;
            using var method = new PasswordAuthenticationMethod(Username, text);
            method.PasswordExpired += (_, _) => throw new RemoteException(
                RemoteError.AuthenticationFailed, $"The password of {Username} on {host} has expired. Change it, for example with ssh.");
            WasTried = true;
            result = method.Authenticate(session);
            AllowedAuthentications = method.AllowedAuthentications;
        }

        return result;
    }
}
