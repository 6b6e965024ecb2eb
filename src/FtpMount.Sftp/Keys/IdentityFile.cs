using FtpMount.Remote;
using FtpMount.Sftp.Transport;
using Renci.SshNet.Security;

namespace FtpMount.Sftp.Keys;

/// <summary>
/// A private key file. The public key is found without the passphrase where possible (in the file, or beside it with <c>.pub</c> added), so that the passphrase is asked for
/// only when the server accepts the key. Decrypted once; used by all connections of a mount.
/// </summary>
internal sealed class IdentityFile
{
    private const int PassphraseAttempts = 3;

    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    private readonly PrivateKeyText? _text;
    private readonly Lock _lock = new();
    private Key? _key;

    private IdentityFile(string path, PrivateKeyText? text, SshPublicKey? publicKey, Key? key, string? problem)
    {
        Path = path;
        _text = text;
        PublicKey = publicKey;
        _key = key;
        Problem = problem;
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The public key; null when it is not known.</summary>
    public SshPublicKey? PublicKey { get; }

    /// <summary>Why the private key cannot be used; null when it can. The public key may still say which key of the agent is meant.</summary>
    public string? Problem { get; }

    /// <summary>Whether a passphrase must be asked for before it can sign.</summary>
    public bool NeedsPassphrase
    {
        get
        {
            lock (_lock)
                return _key is null && _text is { IsEncrypted: true };
        }
    }

    /// <summary>Looks at a file.</summary>
    /// <returns>Null when there is no such file, nor one with <c>.pub</c> added.</returns>
    public static IdentityFile? TryOpen(string path)
    {
        var beside = SshPublicKey.TryReadFile(path + ".pub");
        byte[] content;
        try
        {
            content = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return beside is null ? null : new IdentityFile(path, null, beside, null, "the private key is not there");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new IdentityFile(path, null, beside, null, e.Message.TrimEnd('.'));
        }

        // A public key in the place of a private one names a key of the agent.
        if (SshPublicKey.TryReadFile(path) is { } named)
            return new IdentityFile(path, null, named, null, "it is a public key; the agent does not have the private one");
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & Others) != 0)
            return new IdentityFile(path, null, beside, null, "others can read it; run 'chmod 600' on it");
        return Open(path, content, beside);
    }

    /// <summary>Signs; asks for the passphrase when it has to.</summary>
    /// <exception cref="RemoteException">There is nobody to ask, or the passphrase is wrong.</exception>
    public byte[] Sign(byte[] data, string algorithm, ISshPrompter? prompter) => SshSignatureAlgorithms.Create(algorithm, Load(prompter)).Sign(data);

    private static IdentityFile Open(string path, byte[] content, SshPublicKey? beside)
    {
        PrivateKeyText text;
        try
        {
            text = PrivateKeyText.Parse(content);
        }
        catch (FormatException e)
        {
            return new IdentityFile(path, null, beside, null, e.Message);
        }

        var publicKey = text.PublicKey ?? beside;
        if (publicKey?.Type.StartsWith("sk-", StringComparison.Ordinal) == true)
            return new IdentityFile(path, null, publicKey, null, "it belongs to a FIDO token; add it to the agent (ssh-add), or mount with transport=ssh");
        if (text.IsEncrypted)
        {
            return publicKey is null
                ? new IdentityFile(path, null, null, null, $"it has a passphrase and its public key is not there; run 'ssh-keygen -y -f {path} > {path}.pub'")
                : new IdentityFile(path, text, publicKey, null, null);
        }

        var key = text.TryDecode(null, out var problem);
        if (key is null)
            return new IdentityFile(path, null, publicKey, null, problem);
        return new IdentityFile(path, text, publicKey ?? PublicKeyOf(key), key, null);
    }

    private static SshPublicKey PublicKeyOf(Key key)
    {
        var algorithm = SshSignatureAlgorithms.Create(
            key switch { RsaKey => "rsa-sha2-512", ED25519Key => "ssh-ed25519", _ => $"ecdsa-sha2-nistp{key.KeyLength}" }, key);
        return SshPublicKey.FromBlob(algorithm.Data);
    }

    private Key Load(ISshPrompter? prompter)
    {
        lock (_lock)
        {
            for (var attempt = 0; _key is null; attempt++)
            {
                if (attempt == PassphraseAttempts)
                    throw new RemoteException(RemoteError.AuthenticationFailed, $"The passphrase of {Path} is wrong.");
                var passphrase = prompter?.Ask(attempt == 0 ? $"Passphrase for {Path}: " : $"Wrong. Passphrase for {Path}: ", isSecret: true)
                    ?? throw new RemoteException(RemoteError.AuthenticationFailed, $"{Path} has a passphrase and there is no terminal to ask for it. Add the key to the agent (ssh-add).");
                _key = _text!.TryDecode(passphrase, out _);
            }

            return _key;
        }
    }
}
