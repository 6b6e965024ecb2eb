using FtpMount.Sftp.Transport;
using Microsoft.Extensions.Logging;
using Renci.SshNet;
using Renci.SshNet.Security;

namespace FtpMount.Sftp.Keys;

/// <summary>
/// The keys to log in with, in OpenSSH's order: those of the agent that are named (or usual), the agent's others unless only named ones are wanted, the files that the agent
/// does not have; a certificate follows its key. Servers end the login after a few keys, so the order matters.
/// </summary>
internal sealed class IdentitySource : IPrivateKeySource
{
    private const string CertificateSuffix = "-cert-v01@openssh.com";

    private readonly IReadOnlyList<IdentityFile> _files;
    private readonly IReadOnlyList<SshPublicKey> _certificates;
    private readonly AgentClient? _agent;
    private readonly bool _identitiesOnly;
    private readonly ISshPrompter? _prompter;
    private readonly Func<string?> _serverVersion;
    private readonly ILogger _logger;
    private readonly List<string> _tried = [];
    private readonly List<string> _skipped = [];

    /// <summary>Creates the source for one login.</summary>
    /// <param name="files">Key files.</param>
    /// <param name="certificates">Certificates, for whichever of the keys they are.</param>
    /// <param name="agent">The agent; null for none.</param>
    /// <param name="identitiesOnly">Of the agent's keys only those of the files.</param>
    /// <param name="prompter">Who is asked for passphrases; null for nobody.</param>
    /// <param name="serverVersion">The server's identification, once it is known.</param>
    /// <param name="logger">Where it is noted which keys are not used.</param>
    public IdentitySource(
        IReadOnlyList<IdentityFile> files,
        IReadOnlyList<SshPublicKey> certificates,
        AgentClient? agent,
        bool identitiesOnly,
        ISshPrompter? prompter,
        Func<string?> serverVersion,
        ILogger logger)
    {
        _files = files;
        _certificates = certificates;
        _agent = agent;
        _identitiesOnly = identitiesOnly;
        _prompter = prompter;
        _serverVersion = serverVersion;
        _logger = logger;
    }

    /// <summary>The keys that the server was asked about, for people.</summary>
    public IReadOnlyList<string> Tried => _tried;

    /// <summary>The keys that could not be used, and why, for people.</summary>
    public IReadOnlyList<string> Skipped => _skipped;

    /// <inheritdoc/>
    public IReadOnlyCollection<HostAlgorithm> HostKeyAlgorithms
    {
        get
        {
            _tried.Clear();
            _skipped.Clear();
            return Make();
        }
    }

    private List<HostAlgorithm> Make()
    {
        var held = ListAgent();
        var result = new List<HostAlgorithm>();
        var done = new HashSet<SshPublicKey>();
        foreach (var key in _files.Select(file => file.PublicKey).OfType<SshPublicKey>())
            AddFromAgent(key);
        foreach (var certificate in _certificates.Where(certificate => held.ContainsKey(certificate)))
            AddFromAgent(certificate);
        if (!_identitiesOnly)
        {
            foreach (var key in held.Keys)
                AddFromAgent(key);
        }

        foreach (var file in _files)
            AddFromFile(file);
        // With one algorithm SSH.NET signs before the server has said that it wants the key: nobody is asked for a passphrase in vain.
        if (result is [SigningIdentity only] && _files.Any(file => file.NeedsPassphrase && file.PublicKey is { } key && done.Contains(key)))
            result.Add(only);
        return result;

        void AddFromAgent(SshPublicKey key)
        {
            if (!held.TryGetValue(key, out var identity) || !done.Add(key))
                return;
            var description = $"{identity.Comment} ({key.TypeForPeople}, agent)";
            AddAlgorithms(result, key, description, (data, algorithm) => SignByAgent(key, data, algorithm));
            foreach (var certificate in CertificatesOf(key).Where(done.Add))
                AddAlgorithms(result, certificate, $"certificate for {description}", (data, algorithm) => SignByAgent(key, data, algorithm));
        }

        void AddFromFile(IdentityFile file)
        {
            if (file.PublicKey is { } known && done.Contains(known))
                return;
            var problem = file.Problem ?? (file.NeedsPassphrase && _prompter is not { IsAvailable: true } ? "it has a passphrase and there is no terminal to ask for it; add it to the agent (ssh-add)" : null);
            if (problem is not null || file.PublicKey is not { } key)
            {
                _skipped.Add($"{file.Path}: {problem ?? "its public key is not known"}");
                _logger.LogInformation("{File} is not used: {Problem}", file.Path, problem);
                return;
            }

            done.Add(key);
            AddAlgorithms(result, key, file.Path, (data, algorithm) => file.Sign(data, algorithm, _prompter));
            foreach (var certificate in CertificatesOf(key).Where(done.Add))
                AddAlgorithms(result, certificate, $"certificate for {file.Path}", (data, algorithm) => file.Sign(data, algorithm, _prompter));
        }
    }

    private Dictionary<SshPublicKey, AgentIdentity> ListAgent()
    {
        var held = new Dictionary<SshPublicKey, AgentIdentity>();
        if (_agent is null)
            return held;
        try
        {
            foreach (var identity in _agent.List())
                held.TryAdd(identity.Key, identity);
        }
        catch (IOException e)
        {
            _skipped.Add(e.Message);
            _logger.LogInformation("No keys of the agent: {Message}", e.Message);
        }

        return held;
    }

    private IEnumerable<SshPublicKey> CertificatesOf(SshPublicKey key)
    {
        foreach (var certificate in _certificates)
        {
            SshCertificate parsed;
            try
            {
                parsed = SshCertificate.Parse(certificate);
            }
            catch (FormatException)
            {
                continue;
            }

            if (parsed.Key.Equals(key) && !parsed.IsForHosts)
                yield return certificate;
        }
    }

    private void AddAlgorithms(List<HostAlgorithm> result, SshPublicKey key, string description, Func<byte[], string, byte[]> sign)
    {
        foreach (var algorithm in AlgorithmsFor(key.PlainType))
        {
            var name = !key.IsCertificate ? algorithm : key.PlainType == "ssh-rsa" ? algorithm + CertificateSuffix : key.Type;
            result.Add(new SigningIdentity(name, key, description, NoteTried, data => sign(data, algorithm)));
        }
    }

    /// <summary>When the agent does not sign, for example because its user says no, the server gets a signature that is none, and the next key is tried.</summary>
    private byte[] SignByAgent(SshPublicKey key, byte[] data, string algorithm)
    {
        try
        {
            return _agent!.Sign(key, data, algorithm);
        }
        catch (IOException e)
        {
            _skipped.Add(e.Message);
            _logger.LogWarning("Not signed: {Message}", e.Message);
            return new SshWireWriter().WriteText(algorithm).WriteString([]).ToArray();
        }
    }

    private void NoteTried(string description)
    {
        if (!_tried.Contains(description))
            _tried.Add(description);
    }

    /// <summary>
    /// For RSA keys the hash must be guessed, because SSH.NET does not receive the list of the server (RFC 8308): OpenSSH has SHA-512 since 7.2, others may have SHA-256 only,
    /// and each guess counts as an attempt.
    /// </summary>
    private string[] AlgorithmsFor(string type) =>
        type != "ssh-rsa" ? [type]
        : _serverVersion()?.Contains("OpenSSH", StringComparison.Ordinal) == true ? ["rsa-sha2-512"]
        : ["rsa-sha2-512", "rsa-sha2-256"];
}
