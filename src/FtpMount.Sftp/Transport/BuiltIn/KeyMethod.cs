using FtpMount.Sftp.Keys;
using Renci.SshNet;
using SshSession = Renci.SshNet.Session;

namespace FtpMount.Sftp.Transport.BuiltIn;

/// <summary>The method <c>publickey</c> (RFC 4252 section 7). When there is no key to try it asks the server what it offers, so that the message about it can say so.</summary>
internal sealed class KeyMethod(string user, IdentitySource identities) : AuthenticationMethod(user)
{
    /// <inheritdoc/>
    public override string Name => "publickey";

    /// <inheritdoc/>
    public override AuthenticationResult Authenticate(SshSession session)
    {
        using var byKey = new PrivateKeyAuthenticationMethod(Username, identities);
        var result = byKey.Authenticate(session);
        AllowedAuthentications = byKey.AllowedAuthentications;
        if (result != AuthenticationResult.Failure || AllowedAuthentications is not null)
            return result;
        using var none = new NoneAuthenticationMethod(Username);
        result = none.Authenticate(session);
        AllowedAuthentications = none.AllowedAuthentications;
        return result;
    }
}
