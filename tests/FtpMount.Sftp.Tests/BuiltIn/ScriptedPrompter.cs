using FtpMount.Sftp.Transport;

namespace FtpMount.Sftp.Tests.BuiltIn;

/// <summary>A person who gives these answers, in this order, and then is gone.</summary>
internal sealed class ScriptedPrompter(params string?[] answers) : ISshPrompter
{
    private readonly Queue<string?> _answers = new(answers);

    public List<(string Question, bool IsSecret)> Asked { get; } = [];

    public bool IsAvailable => _answers.Count > 0;

    public string? Ask(string question, bool isSecret)
    {
        Asked.Add((question, isSecret));
        return _answers.TryDequeue(out var answer) ? answer : null;
    }
}
