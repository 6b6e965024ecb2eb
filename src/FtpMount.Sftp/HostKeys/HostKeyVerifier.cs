using FtpMount.Remote;
using FtpMount.Sftp.Keys;
using FtpMount.Sftp.Transport;
using Microsoft.Extensions.Logging;

namespace FtpMount.Sftp.HostKeys;

/// <summary>
/// Decides whether the key that a server shows is the host's, as OpenSSH does: a certificate by a known authority, else the key itself in a known_hosts file; a revoked key
/// and one that contradicts what is known never; an unknown key by policy. One verifier serves all connections to a host, so that a person is asked once.
/// </summary>
internal sealed class HostKeyVerifier
{
    private readonly string _host;
    private readonly string _name;
    private readonly string _plainName;
    private readonly KnownHosts _knownHosts;
    private readonly HostKeyDecision _unknown;
    private readonly string? _fingerprint;
    private readonly bool _namesOptions;
    private readonly ISshPrompter? _prompter;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private readonly HashSet<string> _mismatchedTypes = [];

    private SshPublicKey? _accepted;

    /// <summary>Creates a verifier.</summary>
    /// <param name="host">The name under which the host's key is known (HostKeyAlias, else HostName).</param>
    /// <param name="port">Its port; 22 where HostKeyAlias names the host.</param>
    /// <param name="knownHosts">The files.</param>
    /// <param name="unknown">What is done about a key that they do not have.</param>
    /// <param name="fingerprint">The only key that is accepted, whatever the files say; null for what the files say.</param>
    /// <param name="namesOptions">Whether messages may recommend mount options; not for a jump host, which they do not concern.</param>
    /// <param name="prompter">Who is asked; null for nobody.</param>
    /// <param name="time">The clock, for certificates.</param>
    /// <param name="logger">Where it is noted that a host was added.</param>
    public HostKeyVerifier(
        string host, int port, KnownHosts knownHosts, HostKeyDecision unknown, string? fingerprint, bool namesOptions, ISshPrompter? prompter, TimeProvider time, ILogger logger)
    {
        _host = host;
        _name = KnownHostName.Of(host, port);
        _plainName = KnownHostName.Of(host, 22);
        _knownHosts = knownHosts;
        _unknown = unknown;
        _fingerprint = fingerprint;
        _namesOptions = namesOptions;
        _prompter = prompter;
        _time = time;
        _logger = logger;
    }

    /// <summary>
    /// Set when the only acceptable key was not shown but the server may have it as well, in another type: connecting once more, with
    /// <see cref="OrderAlgorithms"/> asked again, may show it.
    /// </summary>
    public bool IsWorthAnotherType { get; private set; }

    /// <summary>
    /// The host key algorithms to offer, in order: those of the types that are known for the host first, so that a server with several keys shows one that can be checked;
    /// certificates only where an authority is known.
    /// </summary>
    /// <exception cref="RemoteException">A known_hosts file cannot be read.</exception>
    public IReadOnlyList<string> OrderAlgorithms()
    {
        var plain = SshSignatureAlgorithms.All;
        if (_fingerprint is not null)
        {
            lock (_lock)
                return [.. plain.Where(algorithm => !_mismatchedTypes.Contains(SshSignatureAlgorithms.KeyTypeOf(algorithm)))];
        }

        var known = Find();
        var types = known.Where(k => k.Marker == KnownHostsMarker.None).Select(k => k.Key.Type).ToHashSet();
        IEnumerable<string> order = plain.OrderBy(algorithm => types.Contains(SshSignatureAlgorithms.KeyTypeOf(algorithm)) ? 0 : 1);
        if (known.Any(k => k.Marker == KnownHostsMarker.CertificateAuthority))
            order = plain.Select(algorithm => algorithm + "-cert-v01@openssh.com").Concat(order);
        return [.. order];
    }

    /// <summary>Accepts a key or says why not.</summary>
    /// <param name="shown">The key, or the certificate, that the server shows and has proved to have.</param>
    /// <exception cref="RemoteException"><see cref="RemoteError.Untrusted"/>, with a message for a person.</exception>
    public void Verify(SshPublicKey shown)
    {
        lock (_lock)
        {
            // In the key exchanges of a connection that is established, and in further connections.
            if (shown.Equals(_accepted))
                return;
            if (_fingerprint is not null)
                VerifyFingerprint(shown);
            else
                VerifyKnown(shown);
            _accepted = shown;
        }
    }

    private void VerifyFingerprint(SshPublicKey shown)
    {
        if (shown.Fingerprint == _fingerprint)
        {
            IsWorthAnotherType = false;
            return;
        }

        _mismatchedTypes.Add(shown.Type);
        IsWorthAnotherType = OrderAlgorithms().Count > 0;
        throw Refuse($"The host key of {_host} is not the one with {_fingerprint}: it shows {shown}. Compare that with what the server's owner says.");
    }

    private void VerifyKnown(SshPublicKey shown)
    {
        var known = Find();
        var key = shown;
        if (shown.IsCertificate)
        {
            var certificate = ParseCertificate(shown);
            RefuseRevoked(known, certificate.Authority, "The authority that signed the host certificate");
            key = certificate.Key;
            RefuseRevoked(known, key, "The host key");
            var problem = "it is signed by an authority that is not known";
            if (known.Any(k => k.Marker == KnownHostsMarker.CertificateAuthority && k.Key.Equals(certificate.Authority)) && certificate.IsValidFor(_plainName, _time.GetUtcNow(), out problem))
                return;
            _logger.LogWarning("The host certificate of {Host} is not used: {Problem}", _host, problem);
        }

        RefuseRevoked(known, key, "The host key");
        var own = known.Where(k => k.Marker == KnownHostsMarker.None).ToList();
        if (own.Exists(k => k.Key.Equals(key)))
            return;
        if (own.Find(k => k.Key.Type == key.Type) is { } changed)
            throw Changed(key, changed);
        // As OpenSSH does: a key that is known for the host without its port is the host's.
        if (_plainName != _name && Find(_plainName).Any(k => k.Marker == KnownHostsMarker.None && k.Key.Equals(key)))
            return;
        DecideUnknown(key, own.Count > 0 ? own[0] : null);
    }

    private void DecideUnknown(SshPublicKey key, KnownHostKey? otherType)
    {
        var unknown = otherType is null
            ? $"The host key of {_host} is not known: {key}."
            : $"{_host} shows a host key of another type than the one in {otherType.Origin}: {key}.";
        switch (_unknown)
        {
            // A key of another type than the known one may be that of somebody in between who has only this.
            case HostKeyDecision.Accept when otherType is null:
                Add(key);
                return;
            case HostKeyDecision.Ask when _prompter is { IsAvailable: true } && Confirm(unknown, key):
                Add(key);
                return;
            case HostKeyDecision.Refuse:
                throw Refuse($"{unknown} StrictHostKeyChecking is yes, so it is not asked about. {Advice(key, otherType)}");
            default:
                throw Refuse($"{unknown} {Advice(key, otherType)}");
        }
    }

    private string Advice(SshPublicKey key, KnownHostKey? otherType) =>
        !_namesOptions ? $"Log in to {_host} once with ssh, compare the fingerprint with what the server's owner says, and accept it there."
        : $"Compare the fingerprint with what the server's owner says; then mount with host-key={key.Fingerprint} to accept exactly this key" +
            (otherType is null ? ", or with host-key=accept-new to accept and remember it without comparing." : ".");

    private bool Confirm(string unknown, SshPublicKey key)
    {
        var question = $"{unknown}\nCompare the fingerprint with what the server's owner says. Accept it and go on (yes, no, or the fingerprint)? ";
        while (true)
        {
            var answer = _prompter!.Ask(question, isSecret: false)?.Trim();
            switch (answer?.ToLowerInvariant())
            {
                case null:
                    return false;
                case "yes":
                    return true;
                case "no":
                    throw Refuse($"The host key of {_host} was not accepted.");
            }

            if (answer == key.Fingerprint)
                return true;
            question = "Please type yes, no or the fingerprint: ";
        }
    }

    private void Add(SshPublicKey key)
    {
        try
        {
            _knownHosts.Add(_name, key);
            _logger.LogWarning("Permanently added {Host} ({Key}) to {File}", _name, key, _knownHosts.FileToAddTo);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _logger.LogWarning("{Host} ({Key}) is accepted but cannot be remembered: {Message}", _name, key, e.Message);
        }
    }

    private SshCertificate ParseCertificate(SshPublicKey shown)
    {
        try
        {
            return SshCertificate.Parse(shown);
        }
        catch (FormatException e)
        {
            throw Refuse($"The host certificate of {_host} cannot be read: {e.Message}");
        }
    }

    private void RefuseRevoked(IReadOnlyList<KnownHostKey> known, SshPublicKey key, string what)
    {
        if (known.FirstOrDefault(k => k.Marker == KnownHostsMarker.Revoked && k.Key.Equals(key)) is { } revoked)
            throw Refuse($"{what} of {_host} ({key}) is marked as revoked in {revoked.Origin}. Somebody else may have it. Nothing was sent.");
    }

    private RemoteException Changed(SshPublicKey key, KnownHostKey known) => Refuse(
        $"THE HOST KEY OF {_host} HAS CHANGED. Somebody may be in between and listen, or the server was set up anew. It now shows {key}; known is {known.Key} in {known.Origin}. " +
        $"Nothing was sent. Ask the server's owner; if the new key is right, remove the old one with: ssh-keygen -f {known.File} -R '{_name}'");

    private static RemoteException Refuse(string message) => new(RemoteError.Untrusted, message);

    private IReadOnlyList<KnownHostKey> Find() => Find(_name);

    private IReadOnlyList<KnownHostKey> Find(string name)
    {
        try
        {
            return _knownHosts.Find(name);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RemoteException(RemoteError.Untrusted, $"The host key of {_host} cannot be checked: {e.Message}", e);
        }
    }
}
