using FtpMount.Service.Urls;

namespace FtpMount.Service.Secrets;

/// <summary>
/// Finds user and password. The user is the URL's, else that of the host's entry in netrc, else <c>anonymous</c>. The password is the first of: the URL's,
/// <c>FTPMOUNT_PASSWORD</c>, the password file's first line, netrc's, what is typed at the terminal.
/// </summary>
public static class CredentialResolver
{
    /// <summary>The user that needs no password (RFC 1635); the password is by custom something like an e-mail address.</summary>
    public const string AnonymousUser = "anonymous";

    private const string AnonymousPassword = "anonymous@";

    /// <summary>Finds them.</summary>
    /// <exception cref="UsageException">A password file is given but no user.</exception>
    /// <exception cref="MountException">There is no password anywhere, or the password file cannot be used.</exception>
    public static Credentials Resolve(RemoteUrl url, CredentialSources sources)
    {
        ArgumentNullException.ThrowIfNull(url);
        ArgumentNullException.ThrowIfNull(sources);
        if (url.Scheme == RemoteScheme.Sftp)
            return ResolveForSsh(url, sources);
        if (url.User is not null && url.Password is not null)
            return new Credentials(url.User, url.Password, null);
        var entry = FromNetrc(url, sources);
        var user = url.User ?? entry?.Login;
        if (user is null)
        {
            if (sources.PasswordFile is not null)
                throw new UsageException($"password-file is given but no user; write ftp://user@{url.Host}/");
            return new Credentials(AnonymousUser, url.Password ?? AnonymousPassword, null);
        }

        var password = sources.EnvironmentPassword ?? (sources.PasswordFile is { } file ? PasswordFile.Read(file) : null) ?? entry?.Password;
        if (password is null && user is AnonymousUser or "ftp")
            password = AnonymousPassword;
        password ??= sources.Prompt($"Password for {user}@{url.Host}: ")
            ?? throw new MountException(
                $"No password for {user}@{url.Host}: put it into a file for the option password-file=FILE, into ~/.netrc or into FTPMOUNT_PASSWORD");
        if (password.AsSpan().IndexOfAny('\0', '\r', '\n') >= 0)
            throw new MountException($"The password for {user}@{url.Host} holds a NUL, CR or LF, which cannot be sent to a server");
        return new Credentials(user, password, entry?.Account);
    }

    /// <summary>SSH has other means than passwords, and ssh_config may name the user: only what was given for this mount counts, and nothing is asked for.</summary>
    private static Credentials ResolveForSsh(RemoteUrl url, CredentialSources sources)
    {
        var password = url.Password ?? sources.EnvironmentPassword ?? (sources.PasswordFile is { } file ? PasswordFile.Read(file) : null) ?? "";
        if (password.AsSpan().IndexOfAny('\0', '\r', '\n') >= 0)
            throw new MountException($"The password for {url.Host} holds a NUL, CR or LF, which cannot be sent to a server");
        return new Credentials(url.User ?? "", password, null);
    }

    private static NetrcEntry? FromNetrc(RemoteUrl url, CredentialSources sources)
    {
        if (sources.NetrcFile is null)
            return null;
        if (SecretFile.TryRead(sources.NetrcFile, out var text, out var problem))
            return Netrc.Parse(text).Find(url.Host, url.User);
        if (problem is not null)
            sources.Warn($"{problem}; it is not used");
        return null;
    }
}
