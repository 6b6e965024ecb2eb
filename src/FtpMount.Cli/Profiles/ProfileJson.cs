using System.Text.Json.Serialization;

namespace FtpMount.Cli.Profiles;

/// <summary>Writes the profile for scripts: every field is always there, null when it says nothing.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, WriteIndented = true)]
[JsonSerializable(typeof(ProfileDocument))]
internal sealed partial class ProfileJson : JsonSerializerContext;
