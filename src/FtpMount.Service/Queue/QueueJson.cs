using System.Text.Json.Serialization;

namespace FtpMount.Service.Queue;

/// <summary>Writes the document for scripts: every field is always there, null when it is not known.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(QueueDocument))]
public sealed partial class QueueJson : JsonSerializerContext;
