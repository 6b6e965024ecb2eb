using System.Text.Json.Serialization;

namespace FtpMount.Service.Control;

/// <summary>Writes the status document for scripts: every field is always there, null when it is not known.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, WriteIndented = true)]
[JsonSerializable(typeof(StatusDocument))]
public sealed partial class StatusJson : JsonSerializerContext;
